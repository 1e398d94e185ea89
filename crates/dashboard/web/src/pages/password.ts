/** The control plane takes no shorter one. */
export const PASSWORD_MIN = 12;
