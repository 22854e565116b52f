// NEON's instructions. With KERNELS_EMULATED, SIMDe's in their place, so that other machines test what uses them.
#pragma once
#if defined(__aarch64__)
#include <arm_neon.h>
#elif defined(KERNELS_EMULATED)
#if !__has_include(<simde/arm/neon.h>)
#error "KERNELS_EMULATED takes SIMDe's headers: on Debian, apt-get install libsimde-dev"
#endif
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/arm/neon.h>
#endif
