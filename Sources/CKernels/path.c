#include "kernels_path.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static bool machine_has(enum kernels_path path) {
    switch (path) {
    case KERNELS_PORTABLE:
        return true;
    case KERNELS_NEON:
#if defined(__aarch64__)
        return true;
#else
        return false;
#endif
#if defined(__x86_64__)
    case KERNELS_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case KERNELS_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
            && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
            && __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vnni");
#endif
    default:
        return false;
    }
}

const char *kernels_path_name(enum kernels_path path) {
    static const char *const names[] = {"portable", "neon", "avx2", "avx512"};
    return path >= KERNELS_PORTABLE && path <= KERNELS_AVX512 ? names[path] : "unknown";
}

/// The fastest path, at most the one that the environment names. A name that is none, or that the machine has not
/// got, changes nothing.
static enum kernels_path first_path(void) {
    const char *wanted = getenv("OMNIGEN2_KERNELS");
    int best = KERNELS_PORTABLE;
    for (int path = KERNELS_PORTABLE; path <= KERNELS_AVX512; path++) {
        if (machine_has(path)) {
            best = path;
            if (wanted && strcmp(wanted, kernels_path_name(path)) == 0) {
                break;
            }
        }
    }
    return best;
}

/// -1 until the first question.
static atomic_int chosen = -1;

enum kernels_path kernels_path(void) {
    int path = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (path < 0) {
        int unset = -1;
        atomic_compare_exchange_strong(&chosen, &unset, first_path());
        path = atomic_load(&chosen);
    }
    return path;
}

bool kernels_force_path(enum kernels_path path) {
    if (!machine_has(path)) {
        return false;
    }
    atomic_store(&chosen, path);
    return true;
}
