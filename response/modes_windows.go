package response

// posixModes says that the mode of a file tells who can get at it: not here,
// where access lists do.
const posixModes = false
