// SPDX-License-Identifier: Apache-2.0

//go:build !go1.21

package main

import "runtime"

// Go 1.20 has but one name.
func symbolName(f *runtime.Frame) string { return f.Function }
