#ifndef KERNELS_PARALLEL_H
#define KERNELS_PARALLEL_H

/// How many threads run a kernel, the caller's among them; at least 1, at most 256. Without a call: the physical cores
/// that the process may use. Not to be called from inside a body.
void kernels_set_threads(int threads);

int kernels_threads(void);

/// Runs body(context, task, thread) for each task of 0..<tasks, in any order, on the threads; returns when all are
/// done.
/// `thread` is 0..<kernels_threads(), for scratch memory. Calls from inside a body, and calls while another thread's
/// call has the workers, run on the caller alone.
void kernels_parallel(int tasks, void (*body)(void *context, int task, int thread), void *context);

#endif
