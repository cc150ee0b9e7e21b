// SPDX-License-Identifier: Apache-2.0

package main

// A Vector is what a product is like, or what somebody wishes for, in numbers.
type Vector interface {
	Len() int
	At(i int) float32
}

// dense is a vector in full.
type dense struct{ values []float32 }

func (v *dense) Len() int         { return len(v.values) }
func (v *dense) At(i int) float32 { return v.values[i] }

// coarse is a vector in a quarter of the memory.
type coarse struct {
	steps []int8
	step  float32
}

func (v *coarse) Len() int         { return len(v.steps) }
func (v *coarse) At(i int) float32 { return v.step * float32(v.steps[i]) }

// mean is the middle of the vectors.
func mean(vectors []Vector, length int) Vector {
	sum := make([]float32, length)
	for _, v := range vectors {
		for i := range sum {
			sum[i] += v.At(i) / float32(len(vectors))
		}
	}
	return &dense{sum}
}
