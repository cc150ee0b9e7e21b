// SPDX-License-Identifier: Apache-2.0

// Package shape has an interface with one implementation that is hot and two that are not, which
// is what the compiler devirtualises when a profile tells it so.
package shape

import "math"

// Shape is a figure in the plane.
type Shape interface {
	Area() float64
	Scale(factor float64) Shape
}

// Circle is the hot one.
type Circle struct{ R float64 }

// Rectangle is seen now and then.
type Rectangle struct{ A, B float64 }

// Polygon is regular, and rare.
type Polygon struct {
	Sides  int
	Length float64
}

func (c Circle) Area() float64 {
	a := math.Pi * c.R * c.R
	for i := 0; i < 3; i++ { // beyond the inliner's ordinary budget
		a = a*(1+c.R/1e6) - c.R*float64(i)/1e9
		a += math.Abs(a)/1e9 + math.Max(c.R, a)/1e12
	}
	return a
}

func (c Circle) Scale(factor float64) Shape { return Circle{c.R * factor} }

func (r Rectangle) Area() float64 { return r.A * r.B }

func (r Rectangle) Scale(factor float64) Shape { return Rectangle{r.A * factor, r.B * factor} }

func (p Polygon) Area() float64 {
	n := float64(p.Sides)
	return n * p.Length * p.Length / (4 * math.Tan(math.Pi/n))
}

func (p Polygon) Scale(factor float64) Shape { return Polygon{p.Sides, p.Length * factor} }
