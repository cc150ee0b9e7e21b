// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package main

/*
static int twice(int n) { return 2 * n; }
*/
import "C"

func init() {
	workers = append(workers, func() string { return string(rune('a' + C.twice(2))) })
}
