export const FLOOR_QUEUE = 'floor';
