// SPDX-License-Identifier: Apache-2.0

//go:build go1.21

package main

import (
	"runtime"
	_ "unsafe"
)

// The linker's name, type arguments in full.
//
//go:linkname symbolName runtime/pprof.runtime_FrameSymbolName
func symbolName(f *runtime.Frame) string
