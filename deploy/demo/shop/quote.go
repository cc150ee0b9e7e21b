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

func price(products []*Product, lines []Line, rules []Rule, taxPercent int64) (Quote, error) {
	quote := Quote{Lines: lines}
	for i := range lines {
		line := &lines[i]
		if line.ID < 0 || line.ID >= len(products) {
			return Quote{}, errNoSuchProduct
		}
		p := products[line.ID]
		line.Cents = p.Cents * int64(line.Quantity)
		quote.Total += line.Cents
		for _, rule := range rules {
			quote.Discount += rule.Discount(p, line)
		}
	}
	quote.Total -= quote.Discount
	quote.Tax = percentOf(quote.Total, taxPercent)
	quote.Total += quote.Tax
	return quote, nil
}
