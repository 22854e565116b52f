#ifndef KERNELS_CORES_H
#define KERNELS_CORES_H

/// Physical cores that this process may run on; at least 1.
int physical_cores(void);

#endif
