#include "kernels_parallel.h"

#include "cores.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// A caller opens a job, takes tasks itself, closes the job and waits for those workers that have joined it. One that
// wakes late finds the job closed and is not waited for, so a busy core costs nothing but its share of the work.

enum { MOST_THREADS = 256 };

/// Kernels of one layer follow each other within microseconds; a longer wait must not keep a core from others.
static const int64_t spin_nanoseconds = 30000;

static struct {
    void (*body)(void *context, int task, int thread);
    void *context;
    int tasks;
    int threads;
    _Alignas(64) atomic_int next;
    _Alignas(64) atomic_bool open;
    atomic_int joined;
    atomic_uint generation;
    atomic_int asleep;
    atomic_bool caller_asleep;
} job;

static pthread_mutex_t owner = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t sleep_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t opened = PTHREAD_COND_INITIALIZER;
static pthread_cond_t left = PTHREAD_COND_INITIALIZER;

static atomic_int wanted_threads = 0;
static int started_workers = 0;
static _Thread_local bool inside = false;

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void rest_a_moment(void) {
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static bool is_new_job(unsigned seen) { return atomic_load(&job.generation) != seen; }

static bool all_have_left(unsigned unused) {
    (void)unused;
    return atomic_load(&job.joined) == 0;
}

/// Whether the condition came true before the time for spinning was over.
static bool spin(bool (*condition)(unsigned), unsigned value) {
    int64_t end = now() + spin_nanoseconds;
    do {
        for (int turn = 0; turn < 16; turn++) {
            if (condition(value)) {
                return true;
            }
            rest_a_moment();
        }
    } while (now() < end);
    return false;
}

static void run_tasks(int thread) {
    inside = true;
    for (int task; (task = atomic_fetch_add_explicit(&job.next, 1, memory_order_relaxed)) < job.tasks;) {
        job.body(job.context, task, thread);
    }
    inside = false;
}

static void wait_for_job(unsigned seen) {
    if (spin(is_new_job, seen)) {
        return;
    }
    pthread_mutex_lock(&sleep_lock);
    atomic_fetch_add(&job.asleep, 1);
    while (!is_new_job(seen)) {
        pthread_cond_wait(&opened, &sleep_lock);
    }
    atomic_fetch_sub(&job.asleep, 1);
    pthread_mutex_unlock(&sleep_lock);
}

static void leave(void) {
    if (atomic_fetch_sub(&job.joined, 1) == 1 && atomic_load(&job.caller_asleep)) {
        pthread_mutex_lock(&sleep_lock);
        pthread_cond_signal(&left);
        pthread_mutex_unlock(&sleep_lock);
    }
}

static void *work(void *argument) {
    int thread = (int)(intptr_t)argument;
    unsigned seen = 0;
    for (;;) {
        wait_for_job(seen);
        seen = atomic_load(&job.generation);
        // The caller changes the job only while nobody has joined it.
        atomic_fetch_add(&job.joined, 1);
        if (atomic_load(&job.open) && thread < job.threads) {
            run_tasks(thread);
        }
        leave();
    }
    return 0;
}

/// Starts the workers that are missing; fewer where the system refuses. Needs the owner's lock.
static void start_workers(int count) {
    while (started_workers < count) {
        pthread_t worker;
        if (pthread_create(&worker, 0, work, (void *)(intptr_t)(started_workers + 1)) != 0) {
            return;
        }
        pthread_detach(worker);
        started_workers++;
    }
}

static void open_job(void) {
    atomic_store(&job.next, 0);
    atomic_store(&job.open, true);
    atomic_fetch_add(&job.generation, 1);
    if (atomic_load(&job.asleep) > 0) {
        pthread_mutex_lock(&sleep_lock);
        pthread_cond_broadcast(&opened);
        pthread_mutex_unlock(&sleep_lock);
    }
}

static void close_job(void) {
    atomic_store(&job.open, false);
    if (spin(all_have_left, 0)) {
        return;
    }
    pthread_mutex_lock(&sleep_lock);
    atomic_store(&job.caller_asleep, true);
    while (!all_have_left(0)) {
        pthread_cond_wait(&left, &sleep_lock);
    }
    atomic_store(&job.caller_asleep, false);
    pthread_mutex_unlock(&sleep_lock);
}

/// A body that is run so counts as one all the same: what it calls stays with the caller too.
static void run_alone(int tasks, void (*body)(void *context, int task, int thread), void *context) {
    const bool was_inside = inside;
    inside = true;
    for (int task = 0; task < tasks; task++) {
        body(context, task, 0);
    }
    inside = was_inside;
}

void kernels_set_threads(int threads) {
    int least = threads < 1 ? 1 : threads;
    atomic_store(&wanted_threads, least > MOST_THREADS ? MOST_THREADS : least);
}

int kernels_threads(void) {
    int threads = atomic_load(&wanted_threads);
    if (threads == 0) {
        kernels_set_threads(physical_cores());
        threads = atomic_load(&wanted_threads);
    }
    return threads;
}

void kernels_parallel(int tasks, void (*body)(void *context, int task, int thread), void *context) {
    int threads = kernels_threads();
    if (inside || threads == 1 || tasks <= 1 || pthread_mutex_trylock(&owner) != 0) {
        run_alone(tasks, body, context);
        return;
    }
    start_workers(threads - 1);
    job.body = body;
    job.context = context;
    job.tasks = tasks;
    job.threads = threads;
    open_job();
    run_tasks(0);
    close_job();
    pthread_mutex_unlock(&owner);
}
