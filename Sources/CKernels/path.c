#include "kernels_path.h"

#include <stdatomic.h>

static enum kernels_path machine(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bf16") &&
        __builtin_cpu_supports("avx512vnni")) {
        return KERNELS_AVX512;
    }
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? KERNELS_AVX2 : KERNELS_PORTABLE;
#elif defined(__aarch64__)
    return KERNELS_NEON;
#else
    return KERNELS_PORTABLE;
#endif
}

static _Atomic int forced = -1;

enum kernels_path kernels_path(void) {
    int path = atomic_load(&forced);
    if (path < 0) {
        path = machine();
        atomic_store(&forced, path);
    }
    return path;
}

const char *kernels_path_name(enum kernels_path path) {
    static const char *const names[] = {"portable", "neon", "avx2", "avx512"};
    return names[path];
}

bool kernels_force_path(enum kernels_path path) {
    enum kernels_path best = machine();
    if (path > best || (path == KERNELS_NEON && best != KERNELS_NEON)) {
        return false;
    }
    atomic_store(&forced, path);
    return true;
}
