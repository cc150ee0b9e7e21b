// SPDX-License-Identifier: Apache-2.0
// Its presence allows functions without a body in this package.
