/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

uint64_t leaf_spin(uint64_t seed, size_t rounds);
uint64_t leaf_nested(uint64_t seed, size_t rounds);
void leaf_sort(uint32_t *numbers, size_t n);
uint64_t leaf_walk(uint64_t seed, size_t calls);
