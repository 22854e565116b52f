#ifndef KERNELS_PEAK_H
#define KERNELS_PEAK_H

// What the machine gives at best, on all threads of `kernels_parallel`, as the measure of the kernels. Each call takes
// below a second.

/// Operations a second (a multiplication and an addition are two), the numbers being in registers.
double kernels_peak_float32(void);
double kernels_peak_bf16(void);
double kernels_peak_int8(void);

/// Bytes a second that are read from memory, beyond all caches; 0 when memory is short.
double kernels_peak_read(void);

#endif
