/** This program's own version, which is that of the images that it installs; as package.json has it. */
export const version = '0.1.0';
