import Imaging

/// What a part in training makes of a sample, to be looked at.
package struct SampleResult: Sendable {
    package enum Content: Sendable {
        case picture(Image)
        case answer(String)
    }

    package let sample: TrainingSample
    package let content: Content

    package init(_ sample: TrainingSample, _ content: Content) {
        self.sample = sample
        self.content = content
    }
}
