//go:build !race

package queue

// thin says that all power cuts are judged.
const thin = 1
