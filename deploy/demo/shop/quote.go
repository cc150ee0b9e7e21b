// SPDX-License-Identifier: Apache-2.0

package main

import "errors"

// Line is one line of a cart, as it comes in and as it goes out.
type Line struct {
	ID       int   `json:"id"`
	Quantity int   `json:"quantity"`
	Cents    int64 `json:"cents,omitempty"`
}

// Quote is a priced cart.
type Quote struct {
	Lines    []Line `json:"lines"`
	Discount int64  `json:"discount"`
	Tax      int64  `json:"tax"`
	Total    int64  `json:"total"`
}

// A Rule takes something off a line's price, in cents.
type Rule interface {
	Discount(p *Product, line *Line) int64
}

type bulk struct {
	from    int
	percent int64
}

func (r bulk) Discount(p *Product, line *Line) int64 {
	if line.Quantity < r.from {
		return 0
	}
	return percentOf(line.Cents, r.percent)
}

type tagged struct {
	tag     string
	percent int64
}

func (r tagged) Discount(p *Product, line *Line) int64 {
	for _, tag := range p.Tags {
		if tag == r.tag {
			return percentOf(line.Cents, r.percent)
		}
	}
	return 0
}

// percentOf rounds half away from zero.
func percentOf(cents, percent int64) int64 {
	product := cents * percent
	if product < 0 {
		return (product - 50) / 100
	}
	return (product + 50) / 100
}

var errNoSuchProduct = errors.New("no such product")
