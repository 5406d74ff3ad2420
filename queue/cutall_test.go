//go:build !race

package queue

// thin says that all is tried.
const thin = 1
