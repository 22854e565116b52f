#pragma once

/// Sets how many threads work in `kernels_parallel`; by default as many as there are physical cores.
void kernels_set_threads(int threads);
int kernels_threads(void);

/// Runs body(context, task, thread) for each task of 0..<tasks, in any order, on the threads; returns when all are done.
/// `thread` is 0..<kernels_threads(), for scratch memory. Calls from inside a body run on the caller alone.
void kernels_parallel(int tasks, void (*body)(void *context, int task, int thread), void *context);
