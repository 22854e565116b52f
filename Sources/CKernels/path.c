#define _GNU_SOURCE

#include "kernels_path.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__) && defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#if defined(__x86_64__) && !defined(KERNELS_EMULATED)
/// AMX's tiles, BF16 and INT8, which not every compiler's `__builtin_cpu_supports` knows.
static bool processor_has_tiles(void) {
    const unsigned features = 1u << 24 | 1u << 22 | 1u << 25;
    unsigned eax, ebx, ecx, edx;
    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (edx & features) == features;
}

/// Asks the system for the state of the tiles, which a process has to before it uses them.
static bool tiles_are_permitted(void) {
#if defined(__linux__)
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
#else
    return false;
#endif
}
#endif

static bool machine_has(enum kernels_path path) {
    switch (path) {
    case KERNELS_PORTABLE:
        return true;
    case KERNELS_NEON:
#if defined(__aarch64__) || defined(KERNELS_EMULATED)
        return true;
#else
        return false;
#endif
#if defined(__x86_64__)
    case KERNELS_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case KERNELS_AVX_VNNI:
#if defined(KERNELS_EMULATED)
        return machine_has(KERNELS_AVX512_VNNI);
#else
        return machine_has(KERNELS_AVX2) && __builtin_cpu_supports("avxvnni");
#endif
    case KERNELS_AVX512_VNNI:
        return machine_has(KERNELS_AVX2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
            && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
            && __builtin_cpu_supports("avx512vnni");
    case KERNELS_AVX512:
        return machine_has(KERNELS_AVX512_VNNI) && __builtin_cpu_supports("avx512bf16");
    case KERNELS_AMX:
#if defined(KERNELS_EMULATED)
        return machine_has(KERNELS_AVX512);
#else
        return machine_has(KERNELS_AVX512) && processor_has_tiles() && tiles_are_permitted();
#endif
#endif
    default:
        return false;
    }
}

const char *kernels_path_name(enum kernels_path path) {
    static const char *const names[] = {"portable", "neon", "avx2", "avxvnni", "avx512vnni", "avx512", "amx"};
    return path >= KERNELS_PORTABLE && path <= KERNELS_AMX ? names[path] : "unknown";
}

/// The fastest path, at most the one that the environment names. A name that is none, or that the machine has not
/// got, changes nothing.
static enum kernels_path first_path(void) {
    const char *wanted = getenv("OMNIGEN2_KERNELS");
    int best = KERNELS_PORTABLE;
    for (int path = KERNELS_PORTABLE; path <= KERNELS_AMX; path++) {
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
