#define _GNU_SOURCE

#include "cores.h"

#if defined(__APPLE__)
#include <sys/sysctl.h>

int physical_cores(void) {
    // Fast cores only: a slow one would be waited for at the end of each kernel.
    int cores = 0;
    size_t size = sizeof(cores);
    if (sysctlbyname("hw.perflevel0.physicalcpu", &cores, &size, 0, 0) != 0
        && sysctlbyname("hw.physicalcpu", &cores, &size, 0, 0) != 0) {
        return 1;
    }
    return cores > 0 ? cores : 1;
}

#elif defined(__linux__)
#include <sched.h>
#include <stdio.h>

/// The first processor of those that share a core with this one; itself where the system does not tell.
static int first_sibling(int processor) {
    char path[96];
    snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", processor);
    int first = processor;
    FILE *file = fopen(path, "r");
    if (file) {
        if (fscanf(file, "%d", &first) != 1) {
            first = processor;
        }
        fclose(file);
    }
    return first;
}

int physical_cores(void) {
    cpu_set_t allowed, counted;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) {
        return 1;
    }
    CPU_ZERO(&counted);
    for (int processor = 0; processor < CPU_SETSIZE; processor++) {
        int core = CPU_ISSET(processor, &allowed) ? first_sibling(processor) : -1;
        if (core >= 0 && core < CPU_SETSIZE) {
            CPU_SET(core, &counted);
        }
    }
    int cores = CPU_COUNT(&counted);
    return cores > 0 ? cores : 1;
}

#else

int physical_cores(void) { return 1; }

#endif
