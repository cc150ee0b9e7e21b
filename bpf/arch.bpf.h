/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#ifdef __TARGET_ARCH_x86
#include "bpf/amd64.bpf.h"
#else
#include "bpf/arm64.bpf.h"
#endif
