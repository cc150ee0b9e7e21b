// SPDX-License-Identifier: Apache-2.0

// Cgo spends its time in C, in Go called back from C, and on the way between them.
package main

/*
#cgo CFLAGS: -O2 -fomit-frame-pointer
#include "leaf.h"
*/
import "C"

import (
	"crypto/sha256"
	"encoding/binary"
	"sort"
	"strconv"

	"example.com/hone/workloads/window"
)

// workVisit is what C calls back.
//
//export workVisit
func workVisit(seed C.uint64_t) C.uint64_t {
	return C.uint64_t(visit(uint64(seed)))
}

func visit(seed uint64) uint64 {
	text := strconv.FormatUint(seed, 36)
	if len(text)%3 == 0 {
		return digest(text)
	}
	numbers := make([]int, 0, 16)
	for _, c := range text {
		numbers = append(numbers, int(c)*int(seed%7))
	}
	sort.Ints(numbers)
	return seed ^ uint64(numbers[0])
}

func digest(text string) uint64 {
	h := sha256.Sum256([]byte(text))
	return binary.LittleEndian.Uint64(h[:])
}

func spin(seed uint64) uint64 { return uint64(C.leaf_spin(C.uint64_t(seed), 20000)) }

func nested(seed uint64) uint64 { return uint64(C.leaf_nested(C.uint64_t(seed), 400)) }

func arrange(seed uint64) uint64 {
	var numbers [1000]C.uint32_t
	for i := range numbers {
		seed = seed*6364136223846793005 + 1442695040888963407
		numbers[i] = C.uint32_t(seed >> 32)
	}
	C.leaf_sort(&numbers[0], C.size_t(len(numbers)))
	return uint64(numbers[0])
}

func walk(seed uint64) uint64 { return uint64(C.leaf_walk(C.uint64_t(seed), 100)) }

// tiny calls cost more than what they do.
func tiny(seed uint64) uint64 {
	for i := 0; i < 500; i++ {
		seed = uint64(C.leaf_spin(C.uint64_t(seed), 1))
	}
	return seed
}

func main() {
	window.Main(window.Workload{
		Step: func(worker int) {
			seed := uint64(worker)*7919 + 88172645463325252
			for i := 0; i < 10; i++ {
				seed ^= spin(seed) + nested(seed) + arrange(seed) + walk(seed) + tiny(seed)
			}
		},
	})
}
