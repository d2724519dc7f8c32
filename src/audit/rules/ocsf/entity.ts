/** A managed entity: of the types that OCSF knows, the object that goes with them is there too. */
export interface OcsfEntity {
  readonly uid: string;
  readonly type: string;
  readonly type_id: number;
  readonly user?: { readonly uid: string };
  readonly group?: { readonly uid: string };
  readonly org?: { readonly uid: string };
}

const OTHER = 99;

/** The thing that an entry is about. */
export function entityOf({ type, ref: uid }: { readonly type: string; readonly ref: string }): OcsfEntity {
  switch (type) {
    case 'person':
      return { uid, type_id: 2, type: 'User', user: { uid } };
    case 'team':
      return { uid, type_id: 3, type: 'Group', group: { uid } };
    case 'organization':
      return { uid, type_id: 4, type: 'Organization', org: { uid } };
    default:
      return { uid, type_id: OTHER, type };
  }
}
