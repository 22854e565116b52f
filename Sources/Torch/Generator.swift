#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Seeded random numbers equal to those of PyTorch's CPU generator (2.13), call for call.
///
/// Single-precision and 16-bit numbers are the same bits; double-precision normal ones, and normal ones in calls for fewer
/// than 16 elements, go through the system's logarithm, sine and cosine. Source: `CPUGeneratorImpl`, `normal_fill`,
/// `normal_distribution<double>`, `uniform_real_distribution` and `randperm_cpu` of ATen.
package final class Generator {
    private var twister: MersenneTwister
    /// The second half of the last double-precision Box-Muller pair. Only calls for fewer than 16 normal numbers use and
    /// change it; all others leave it where it is.
    private var cachedNormal: Double?

    /// Only the low 32 bits of `seed` matter.
    package init(seed: UInt64) { twister = MersenneTwister(seed: seed) }

    /// A generator that continues where `state` was taken.
    package init(_ state: State) {
        twister = state.twister
        cachedNormal = state.cachedNormal
    }

    /// Everything the generator's future depends on.
    package var state: State {
        get { State(twister: twister, cachedNormal: cachedNormal) }
        set {
            twister = newValue.twister
            cachedNormal = newValue.cachedNormal
        }
    }

    /// 32 random bits.
    package func next() -> UInt32 { twister.next() }
}

extension Generator {
    /// `torch.rand` in float32: uniform multiples of 2^-24 from [0, 1).
    package func rand(_ count: Int) -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            twister.fill(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
            initialized = count
        }
    }

    /// `torch.rand` in float64: uniform multiples of 2^-53 from [0, 1).
    package func randDouble(_ count: Int) -> [Double] { (0..<count).map { _ in uniformDouble() } }

    /// `torch.rand` in bfloat16, as bit patterns: 24-bit numbers rounded, 1 replaced by 0.
    package func randBFloat16(_ count: Int) -> [UInt16] {
        rand(count).map(HalfPrecision.bfloat16).map { $0 == 0x3F80 ? 0 : $0 }
    }

    /// `torch.rand` in float16, as bit patterns: 24-bit numbers rounded, 1 replaced by 0.
    package func randFloat16(_ count: Int) -> [UInt16] {
        rand(count).map(HalfPrecision.float16).map { $0 == 0x3C00 ? 0 : $0 }
    }

    /// `torch.randint` in int64: uniform integers from `range`; empty if the range is.
    package func randint(_ range: Range<Int>, _ count: Int) -> [Int] {
        let size = UInt64(bitPattern: Int64(range.upperBound &- range.lowerBound))
        if size == 0 { return [] }
        return (0..<count).map { _ in
            // From 2^28 on, 32 bits would be visibly uneven.
            let random = size >= 1 << 28 ? twister.next64() : UInt64(twister.next())
            return range.lowerBound &+ Int(truncatingIfNeeded: random % size)
        }
    }

    /// `torch.randperm` in int64: the numbers 0..<count in random order.
    package func randperm(_ count: Int) -> [Int] {
        var permutation = Array(0..<count)
        if count < Int(UInt32.max) / 20 {
            for index in 0..<max(0, count - 1) {
                permutation.swapAt(index, index + Int(twister.next()) % (count - index))
            }
        } else {
            for index in 0..<count {
                permutation.swapAt(index, Int(twister.next64() % UInt64(index + 1)))
            }
        }
        return permutation
    }

    private func uniformDouble() -> Double { Double(twister.next64() & (1 << 53 - 1)) * 0x1p-53 }
}

extension Generator {
    /// `torch.randn` (and `torch.normal`) in float32.
    package func randn(_ count: Int, mean: Double = 0, deviation: Double = 1) -> [Float] {
        guard count >= NormalBlock.count else { return fewNormals(count, mean, deviation).map { Float($0) } }
        var values = rand(count)
        values.withUnsafeMutableBufferPointer { values in
            guard let start = values.baseAddress else { return }
            let (mean, deviation) = (Float(mean), Float(deviation))
            for block in stride(from: 0, through: count - NormalBlock.count, by: NormalBlock.count) {
                NormalBlock.transform(start + block, mean: mean, deviation: deviation)
            }
            if count % NormalBlock.count != 0 {
                // A ragged tail: the last 16 are drawn anew, over normal numbers that were there.
                let tail = start + count - NormalBlock.count
                twister.fill(UnsafeMutableBufferPointer(start: tail, count: NormalBlock.count))
                NormalBlock.transform(tail, mean: mean, deviation: deviation)
            }
        }
        return values
    }

    /// `torch.randn` (and `torch.normal`) in bfloat16, as bit patterns: float32 numbers rounded to nearest even.
    package func randnBFloat16(_ count: Int, mean: Double = 0, deviation: Double = 1) -> [UInt16] {
        roundedNormals(count, mean, deviation, HalfPrecision.bfloat16)
    }

    /// `torch.randn` (and `torch.normal`) in float16, as bit patterns: float32 numbers rounded to nearest even.
    package func randnFloat16(_ count: Int, mean: Double = 0, deviation: Double = 1) -> [UInt16] {
        roundedNormals(count, mean, deviation, HalfPrecision.float16)
    }

    /// `torch.randn` (and `torch.normal`) in float64.
    package func randnDouble(_ count: Int, mean: Double = 0, deviation: Double = 1) -> [Double] {
        guard count >= NormalBlock.count else { return fewNormals(count, mean, deviation) }
        var values = randDouble(count)
        func transform(at start: Int) {
            for first in start..<start + NormalBlock.count / 2 {
                let second = first + NormalBlock.count / 2
                let radius = (-2 * log(1 - values[first])).squareRoot()
                let angle = 2 * Double.pi * values[second]
                values[first] = mean.addingProduct(radius * cos(angle), deviation)
                values[second] = mean.addingProduct(radius * sin(angle), deviation)
            }
        }
        for block in stride(from: 0, through: count - NormalBlock.count, by: NormalBlock.count) { transform(at: block) }
        if count % NormalBlock.count != 0 {
            let tail = count - NormalBlock.count
            values.replaceSubrange(tail..., with: randDouble(NormalBlock.count))
            transform(at: tail)
        }
        return values
    }

    /// Blocks of 16 in float32, each rounded; unlike in float32 the ragged tail is drawn once, with the last full block
    /// before it.
    private func roundedNormals(
        _ count: Int, _ mean: Double, _ deviation: Double, _ round: (Float) -> UInt16
    ) -> [UInt16] {
        guard count >= NormalBlock.count else { return fewNormals(count, mean, deviation).map { round(Float($0)) } }
        let whole = count - count % NormalBlock.count
        var values = randn(whole, mean: mean, deviation: deviation).map(round)
        if whole < count {
            values.removeLast(NormalBlock.count - (count - whole))
            values += randn(NormalBlock.count, mean: mean, deviation: deviation).map(round)
        }
        return values
    }

    /// Fewer than 16 numbers: one Box-Muller pair in double precision for two, the second kept for the next call.
    private func fewNormals(_ count: Int, _ mean: Double, _ deviation: Double) -> [Double] {
        (0..<count).map { _ in
            if let normal = cachedNormal {
                cachedNormal = nil
                return normal * deviation + mean
            }
            let angle = 2 * Double.pi * uniformDouble()
            let radius = (-2 * log1p(-uniformDouble())).squareRoot()
            cachedNormal = radius * sin(angle)
            return radius * cos(angle) * deviation + mean
        }
    }
}
