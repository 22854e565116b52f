import Foundation
import Imaging

extension Program {
    /// Pictures of sizes that differ, and `data.jsonl` with two kinds of tasks and a sample that cannot be read.
    static func writeSamples(to folder: String) throws {
        for (name, width, height) in [("a", 48, 32), ("b", 32, 64), ("c", 64, 48)] {
            let pixels = (0..<width * height * 3).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ width) }
            try Image(width: width, height: height, pixels: pixels).write(to: "\(folder)/\(name).png")
        }
        try Data(
            """
            {"task_type": "t2i", "instruction": "The image shows a", "output_image": "a.png"}
            {"task_type": "t2i", "instruction": "b", "output_image": "nowhere.png"}
            {"task_type": "edit", "instruction": "c", "input_images": ["a.png", "b.png"], "output_image": "c.png"}
            {"task_type": "edit", "instruction": "d", "input_images": ["c.png"], "output_image": "b.png"}
            """.utf8
        ).write(to: URL(fileURLWithPath: "\(folder)/data.jsonl"))
    }
}
