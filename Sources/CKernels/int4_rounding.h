// Rounding to int4 of 16 rows side by side, so that each has its own lane.

#ifndef KERNELS_INT4_ROUNDING_H
#define KERNELS_INT4_ROUNDING_H

#include <stddef.h>
#include <stdint.h>

enum {
    ROUNDED_ROWS = 16,
    /// The scale of a group is a whole number up to `MOST_MULTIPLE` times that of its row. That of the row gives
    /// `LARGEST_MULTIPLE` to the group that wants most, which may come to want more while errors are made up for.
    LARGEST_MULTIPLE = 14,
    MOST_MULTIPLE = 15,
};

/// Inputs of 16 rows, numbers[count][16] aligned to 64 bytes. `scales` are [16], `values` [count][16].
struct int4_rounding {
    /// The scales, of either sign, with which a group loses least, by the sum of squared errors, of those that the search
    /// tries. 0 where all numbers are below 2^-120.
    void (*search)(const float *numbers, ptrdiff_t count, float *scales);
    /// Sets scales to those that lose least of the multiples of `of_rows` next to them, and says which these are.
    void (*fit)(const float *numbers, ptrdiff_t count, const float *of_rows, float *scales, int8_t *multiples);
    /// The nearest of a scale.
    void (*round)(const float *numbers, ptrdiff_t count, const float *scales, int8_t *values);
    /// The same for the first `count` of `all` columns, one after the other. What one loses, over its number on the
    /// diagonal of `factor`, are its `errors` [count][16]; times the rest of its row they are taken off the columns
    /// that follow.
    void (*spread)(float *numbers, ptrdiff_t count, ptrdiff_t all, const float *scales, const float *factor,
                   ptrdiff_t factor_stride, int8_t *values, float *errors);
};

extern const struct int4_rounding int4_rounding_portable, int4_rounding_avx2, int4_rounding_avx512;

/// What 16 rows, or `count` of them, are rounded with in groups of inputs. `columns` is memory for a group,
/// [group][16]; the results are [groups][16], the scales with which each group would lose least by itself, and [16].
void search_rows(float *scales, float *of_rows, float *columns, const float *rows, ptrdiff_t stride, ptrdiff_t count,
                 ptrdiff_t inputs, ptrdiff_t group);

/// That of the path of the moment.
const struct int4_rounding *int4_rounding_of_path(void);

#endif
