#include "convolution.h"

#include "kernels_convolution.h"
#include "kernels_parallel.h"
#include "kernels_path.h"
#include "matrix_layout.h"
#include "scratch.h"

#include <stdatomic.h>

// A task is some tiles of Y: a part of a row of them, or whole rows if these are short. Their points stay in the second cache
// while all weights pass: for each panel of outputs the products of all points, and then the pixels.

enum {
    /// Points of a task and their sums; with AMX, whose machines have larger caches and compute more in the same time.
    MOST_TASK_BYTES = 640 << 10,
    MOST_TASK_BYTES_AMX = 1280 << 10,
    /// Tiles of the product that have a panel come, a quarter each.
    QUARTERS = 4,
    TASKS_A_THREAD = 4,
};

static ptrdiff_t smaller_of(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

static ptrdiff_t larger_of(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }

static const struct convolution_transforms *transforms_of_path(void) {
#if defined(__x86_64__)
    if (kernels_path() >= KERNELS_AVX512) {
        return &convolution_transforms_avx512bf16;
    }
    if (kernels_path() == KERNELS_AVX512_VNNI) {
        return &convolution_transforms_avx512;
    }
    if (kernels_path() >= KERNELS_AVX2) {
        return &convolution_transforms_avx2;
    }
#endif
    return &convolution_transforms_portable;
}

/// Whether AMX multiplies.
static bool uses_amx(const struct kernels_convolution *convolution) {
    return kernels_path() == KERNELS_AMX && convolution->format == KERNELS_BFLOAT16
        && convolution->inputs * element_bytes(convolution->format) % LINE_BYTES == 0;
}

/// Points of a tile in a row and a column.
static int side_of(const struct kernels_convolution *convolution) {
    return convolution->doubled ? DOUBLED_SIDE : MOST_SIDE;
}

static int point_count(const struct kernels_convolution *convolution) {
    return side_of(convolution) * side_of(convolution);
}

/// Those of a point, as those of a product.
static struct kernels_weight weight_of(const struct kernels_convolution *convolution, int point) {
    struct kernels_weight weight = {
        .format = convolution->format, .outputs = convolution->outputs, .inputs = convolution->inputs};
    weight.packed = (char *)convolution->packed + (ptrdiff_t)point * (ptrdiff_t)kernels_packed_size(&weight);
    return weight;
}

size_t kernels_convolution_size(const struct kernels_convolution *convolution) {
    const struct kernels_weight weight = weight_of(convolution, 0);
    return kernels_packed_size(&weight) * (size_t)point_count(convolution);
}

// Weights

struct packing {
    const struct kernels_convolution *convolution;
    const struct convolution_transforms *transforms;
    const char *weights;
};

/// 16 outputs.
static void pack_task(void *context, int sixteen, int thread) {
    (void)thread;
    const struct packing *packing = context;
    const struct kernels_convolution *convolution = packing->convolution;
    const struct kernels_weight weight = weight_of(convolution, 0);
    const ptrdiff_t first = (ptrdiff_t)sixteen * SIXTEEN, left = convolution->outputs - first;
    const ptrdiff_t output_bytes = convolution->inputs * KERNEL_SIDE * KERNEL_SIDE * element_bytes(convolution->format);
    const struct convolution_weights weights = {
        .half = convolution->format == KERNELS_BFLOAT16,
        .doubled = convolution->doubled,
        .inputs = convolution->inputs,
        .outputs = (int)larger_of(smaller_of(left, SIXTEEN), 0),
        .weights = packing->weights + first * output_bytes,
        .points = (char *)panel_start(&weight, first / PANEL_OUTPUTS) + first % PANEL_OUTPUTS * STEP_BYTES,
        .point_bytes = (ptrdiff_t)kernels_packed_size(&weight),
    };
    packing->transforms->weights(&weights);
}

void kernels_pack_convolution(const struct kernels_convolution *convolution, const void *weights) {
    struct packing packing = {convolution, transforms_of_path(), weights};
    const struct kernels_weight weight = weight_of(convolution, 0);
    kernels_parallel((int)(panel_count(&weight) * PANEL_OUTPUTS / SIXTEEN), pack_task, &packing);
}

// Pictures

struct picture {
    const struct kernels_convolution *convolution;
    const struct kernels_convolved *convolved;
    const struct convolution_transforms *transforms;
    const struct matrix_kernels *matrix;
    ptrdiff_t element;
    /// Of Y.
    ptrdiff_t width;
    ptrdiff_t tile_rows, tiles_a_row;
    /// One of the two is 1.
    ptrdiff_t rows_a_task, tasks_a_row;
    atomic_bool failed;
};

/// Tiles that a thread takes at once, with memory of the thread.
struct task {
    ptrdiff_t first_row, rows;
    /// In each row.
    ptrdiff_t first, count;
    /// As `convolution_inputs` has them.
    char *points;
    ptrdiff_t point_bytes, sixteen_bytes, line_bytes, tile_bytes;
    /// [point, tile, 64], with room for so many tiles.
    float *sums;
    ptrdiff_t sums_tiles;
};

/// Bytes of a point of a tile.
static ptrdiff_t point_bytes_of(const struct picture *picture) {
    return ceiling_division(picture->convolution->inputs * picture->element, LINE_BYTES) * LINE_BYTES;
}

/// The points of a row of tiles.
static void transform_inputs(const struct picture *picture, const struct task *task, ptrdiff_t row) {
    const struct kernels_convolution *convolution = picture->convolution;
    const struct kernels_convolved *convolved = picture->convolved;
    const int side = side_of(convolution);
    const ptrdiff_t first = (task->first_row + row) * (side - 2);
    const ptrdiff_t rows = (convolution->doubled ? convolved->rows / TILE_SIDE : convolved->rows) + 2;
    struct convolution_inputs job = {
        .half = convolution->format == KERNELS_BFLOAT16, .doubled = convolution->doubled,
        .channels = convolution->inputs, .width = convolved->width, .scale = convolved->scale,
        .shift = convolved->shift, .first_tile = task->first, .tiles = task->count, .before = row * task->count,
        .points = task->points, .point_bytes = task->point_bytes, .sixteen_bytes = task->sixteen_bytes,
        .line_bytes = task->line_bytes, .tile_bytes = task->tile_bytes};
    for (int index = 0; index < side; index++) {
        job.rows[index] = first + index < rows ? convolved->x[first + index] : 0;
    }
    picture->transforms->inputs(&job);
}

/// The products of a point and a panel; meanwhile what is needed next comes to the caches.
static void multiply(const struct matrix_kernels *matrix, const struct convolution_product *product) {
    const struct kernels_weight *weight = product->weight;
    const bool odd = weight->format == KERNELS_BFLOAT16 && weight->inputs % 2 == 1;
    const ptrdiff_t count = ceiling_division(product->tiles, TILE_ROWS);
    struct matrix_tile tile = {
        .x_stride = product->tile_bytes,
        .panel = panel_start(weight, product->panel),
        .steps = panel_steps(weight) - odd,
        .half_step = odd,
        .columns = columns_of_panel(weight, product->panel),
        .sums_stride = PANEL_OUTPUTS,
    };
    for (ptrdiff_t index = 0; index < count; index++) {
        const ptrdiff_t row = part_of(product->tiles, count, index);
        tile.rows = (int)(part_of(product->tiles, count, index + 1) - row);
        tile.x = product->points + row * product->tile_bytes;
        tile.sums = product->sums + row * PANEL_OUTPUTS;
        tile.prefetch_kind = index < QUARTERS && tile.columns == 4 ? PREFETCH_QUARTER : PREFETCH_NOTHING;
        tile.prefetch = product->next + index * tile.steps * PANEL_STEP_BYTES / QUARTERS;
        matrix->tile(weight->format, &tile);
    }
}

static void multiply_point(const struct picture *picture, const struct task *task, int point, ptrdiff_t panel) {
    const int points = point_count(picture->convolution);
    const struct kernels_weight weight = weight_of(picture->convolution, point);
    const struct kernels_weight next = weight_of(picture->convolution, (point + 1) % points);
    const struct convolution_product product = {
        .weight = &weight, .panel = panel, .points = task->points + point * task->point_bytes,
        .sixteen_bytes = task->sixteen_bytes, .tile_bytes = task->tile_bytes, .tiles = task->rows * task->count,
        .sums = task->sums + point * task->sums_tiles * PANEL_OUTPUTS,
        .next = panel_start(&next, panel + (point + 1) / points)};
#if defined(__x86_64__)
    if (uses_amx(picture->convolution)) {
        convolution_product_amx(&product);
        return;
    }
#endif
    multiply(picture->matrix, &product);
}

/// The pixels of a row of tiles.
static void store_outputs(
    const struct picture *picture, const struct task *task, ptrdiff_t tile_row, ptrdiff_t panel) {
    const ptrdiff_t outputs = picture->convolution->outputs, first = panel * PANEL_OUTPUTS;
    const ptrdiff_t column = task->first * TILE_SIDE, left = outputs - first;
    struct convolution_outputs job = {
        .half = picture->convolution->format == KERNELS_BFLOAT16, .doubled = picture->convolution->doubled,
        .channels = (int)smaller_of(left, PANEL_OUTPUTS), .tiles = task->count,
        .columns = picture->width - column, .sums = task->sums + tile_row * task->count * PANEL_OUTPUTS,
        .sums_tiles = task->sums_tiles, .bias = picture->convolved->bias + first, .pixel_stride = outputs};
    for (int index = 0; index < TILE_SIDE; index++) {
        const ptrdiff_t row = (task->first_row + tile_row) * TILE_SIDE + index;
        if (row < picture->convolved->rows) {
            const ptrdiff_t place = ((row * picture->width + column) * outputs + first) * picture->element;
            const char *residual = picture->convolved->residual;
            job.y[index] = (char *)picture->convolved->y + place;
            job.residual[index] = residual ? residual + place : 0;
        }
    }
    picture->transforms->outputs(&job);
}

static void convolve_tiles(const struct picture *picture, const struct task *task) {
    const struct kernels_weight weight = weight_of(picture->convolution, 0);
    for (ptrdiff_t row = 0; row < task->rows; row++) {
        transform_inputs(picture, task, row);
    }
    for (ptrdiff_t panel = 0; panel < panel_count(&weight); panel++) {
        for (int point = 0; point < point_count(picture->convolution); point++) {
            multiply_point(picture, task, point, panel);
        }
        for (ptrdiff_t row = 0; row < task->rows; row++) {
            store_outputs(picture, task, row, panel);
        }
    }
}

/// Sizes of a task, without its memory.
static struct task task_of(const struct picture *picture, ptrdiff_t index) {
    const ptrdiff_t part = index % picture->tasks_a_row, first_row = index / picture->tasks_a_row * picture->rows_a_task;
    const ptrdiff_t left = picture->tile_rows - first_row, point_bytes = point_bytes_of(picture);
    const bool lines_apart = uses_amx(picture->convolution);
    struct task task = {
        .first_row = first_row,
        .rows = smaller_of(left, picture->rows_a_task),
        .first = part_of(picture->tiles_a_row, picture->tasks_a_row, part),
        .sixteen_bytes = SIXTEEN * point_bytes,
        .line_bytes = lines_apart ? SIXTEEN * LINE_BYTES : LINE_BYTES,
        .tile_bytes = lines_apart ? LINE_BYTES : point_bytes,
    };
    task.count = part_of(picture->tiles_a_row, picture->tasks_a_row, part + 1) - task.first;
    task.sums_tiles = ceiling_division(task.rows * task.count, SIXTEEN) * SIXTEEN;
    // A line more, lest the points of a tile fall on the same places of a cache.
    task.point_bytes = task.sums_tiles * point_bytes + LINE_BYTES;
    return task;
}

static void convolve_task(void *context, int index, int thread) {
    (void)thread;
    struct picture *picture = context;
    const ptrdiff_t points = point_count(picture->convolution);
    struct task task = task_of(picture, index);
    task.points = scratch(SCRATCH_POINTS, (size_t)(points * task.point_bytes));
    task.sums = scratch(SCRATCH_SUMS, (size_t)(points * task.sums_tiles * PANEL_STEP_BYTES));
    if (!task.points || !task.sums) {
        atomic_store(&picture->failed, true);
        return;
    }
    convolve_tiles(picture, &task);
}

/// As many tiles a task as the cache takes, if all threads have some.
static void choose_tasks(struct picture *picture) {
    const ptrdiff_t bytes = point_count(picture->convolution) * (point_bytes_of(picture) + PANEL_STEP_BYTES);
    const ptrdiff_t all_bytes = uses_amx(picture->convolution) ? MOST_TASK_BYTES_AMX : MOST_TASK_BYTES;
    const ptrdiff_t most = larger_of(all_bytes / bytes, 1), threads = kernels_threads();
    // Rows are cut where there are few of them, but not into less than a tile of the products.
    const ptrdiff_t wanted = ceiling_division(TASKS_A_THREAD * threads, picture->tile_rows);
    const ptrdiff_t parts = smaller_of(wanted, picture->tiles_a_row / TILE_ROWS);
    picture->tasks_a_row = larger_of(ceiling_division(picture->tiles_a_row, most), larger_of(parts, 1));
    const ptrdiff_t rows = smaller_of(most / picture->tiles_a_row, picture->tile_rows / threads);
    picture->rows_a_task = picture->tasks_a_row > 1 ? 1 : larger_of(rows, 1);
}

bool kernels_convolve(const struct kernels_convolution *convolution, const struct kernels_convolved *convolved) {
    struct picture picture = {
        .convolution = convolution, .convolved = convolved, .transforms = transforms_of_path(),
        .matrix = matrix_kernels(), .element = element_bytes(convolution->format),
        .width = convolution->doubled ? TILE_SIDE * convolved->width : convolved->width,
        .tile_rows = ceiling_division(convolved->rows, TILE_SIDE)};
    picture.tiles_a_row = ceiling_division(picture.width, TILE_SIDE);
    if (picture.tile_rows <= 0 || picture.tiles_a_row <= 0) {
        return true;
    }
    choose_tasks(&picture);
    const ptrdiff_t row_tasks = ceiling_division(picture.tile_rows, picture.rows_a_task);
    kernels_parallel((int)(row_tasks * picture.tasks_a_row), convolve_task, &picture);
    return !atomic_load(&picture.failed);
}
