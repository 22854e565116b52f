import Imaging
import OmniGen2
import QwenVL

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension RunFolder {
    /// A line of a file of answers.
    private struct Answer: Encodable {
        let instruction: String
        /// What is to be learnt.
        let expected: String
        let answer: String
    }

    /// Writes what was made of samples after a step: `samples/step-000123-0.png` and so on, each with its instruction, and
    /// the answers as lines of `samples/step-000123.jsonl`.
    ///
    /// - Returns: the files.
    func write(_ results: [SampleResult], step: Int) throws -> [String] {
        do {
            try FileManager.default.createDirectory(atPath: samples, withIntermediateDirectories: true)
        } catch {
            throw GenerationError.output("cannot create \(samples)")
        }
        let digits = String(step)
        let stem = "\(samples)/step-\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits)"
        var (paths, answers): ([String], [Answer]) = ([], [])
        for (index, result) in results.enumerated() {
            let sample = result.sample
            switch result.content {
            case .picture(let image):
                paths.append("\(stem)-\(index).png")
                try image.write(
                    to: "\(stem)-\(index).png",
                    text: [("prompt", sample.instruction), ("sample", sample.origin), ("step", digits)])
            case .answer(let text):
                let expected = sample.outputText ?? TextGenerator.pictureMark
                answers.append(Answer(instruction: sample.instruction, expected: expected, answer: text))
            }
        }
        guard !answers.isEmpty else { return paths }
        try RunFile.write(answers.map { try Self.line($0) }.joined(), to: "\(stem).jsonl")
        return paths + ["\(stem).jsonl"]
    }
}
