#pragma once
#include <stdbool.h>

/// Instruction sets that the kernels are written for, from the one that every machine has upwards.
enum kernels_path { KERNELS_PORTABLE = 0, KERNELS_NEON = 1, KERNELS_AVX2 = 2, KERNELS_AVX512 = 3 };

/// What the machine has, at most what was forced.
enum kernels_path kernels_path(void);

/// "portable", "neon", "avx2" or "avx512".
const char *kernels_path_name(enum kernels_path);

/// Makes all kernels take this path from now on; false, and nothing changes, when the machine has not got it.
bool kernels_force_path(enum kernels_path);
