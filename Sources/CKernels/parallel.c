#include "kernels_parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct {
    void (*body)(void *, int, int);
    void *context;
    int tasks;
    _Atomic int next;
} Loop;

typedef struct {
    Loop *loop;
    int thread;
} Worker;

static _Atomic int threads = 0;
static _Thread_local int inside = 0;

int kernels_threads(void) {
    if (threads == 0) {
        threads = (int)sysconf(_SC_NPROCESSORS_ONLN);
    }
    return threads;
}

void kernels_set_threads(int count) { threads = count < 1 ? 1 : count > 256 ? 256 : count; }

static void *work(void *argument) {
    Worker *worker = argument;
    inside = 1;
    for (int task; (task = atomic_fetch_add(&worker->loop->next, 1)) < worker->loop->tasks;) {
        worker->loop->body(worker->loop->context, task, worker->thread);
    }
    inside = 0;
    return NULL;
}

void kernels_parallel(int tasks, void (*body)(void *context, int task, int thread), void *context) {
    if (inside) {
        for (int task = 0; task < tasks; task++) {
            body(context, task, 0);
        }
        return;
    }
    Loop loop = {body, context, tasks, 0};
    Worker workers[256];
    pthread_t handles[256];
    int count = kernels_threads() < tasks ? kernels_threads() : tasks;
    int started = 1;
    for (; started < count; started++) {
        workers[started] = (Worker){&loop, started};
        if (pthread_create(&handles[started], NULL, work, &workers[started]) != 0) {
            break;
        }
    }
    workers[0] = (Worker){&loop, 0};
    work(&workers[0]);
    for (int thread = 1; thread < started; thread++) {
        pthread_join(handles[thread], NULL);
    }
}
