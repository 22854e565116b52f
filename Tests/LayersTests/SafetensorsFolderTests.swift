import Layers
import Testing

private func writeTensors(_ names: String..., to path: String) throws {
    let tensors = names.map { SafetensorsWriter.Tensor(name: $0, elementType: .uint8, shape: [1], bytes: [7]) }
    try SafetensorsWriter.write(tensors, to: path)
}

/// What is said of the folder.
private func complaint(_ folder: String) -> String {
    do {
        _ = try SafetensorsFolder(path: folder)
        return "accepted"
    } catch {
        return error.description.replacing("\(folder)", with: "DIR")
    }
}

@Suite struct SafetensorsFolderTests {
    @Test(arguments: ["model", "diffusion_pytorch_model", "pytorch_lora_weights"])
    func aSingleFileIsFound(base: String) throws {
        try withSafetensorsFolder { folder in
            try writeTensors("b", "a", to: "\(folder)/\(base).safetensors")
            let weights = try SafetensorsFolder(path: folder)
            #expect(weights.names == ["a", "b"])
            let found = try #require(weights["b"])
            #expect(try Array(found.file.bytes(of: found.entry)) == [7])
            #expect(weights["c"] == nil)
        }
    }

    @Test func shardsAreReadThroughTheIndex() throws {
        try withSafetensorsFolder { folder in
            try writeTensors("a", "unused", to: "\(folder)/model-1.safetensors")
            try writeTensors("b", to: "\(folder)/model-2.safetensors")
            try writeText(
                #"{"metadata":{"total_size":3.0},"weight_map":{"b":"model-2.safetensors","a":"model-1.safetensors"}}"#,
                to: "\(folder)/model.safetensors.index.json")
            let weights = try SafetensorsFolder(path: folder)
            #expect(weights.names == ["a", "b"])
            #expect(weights.files.count == 2)
            #expect(weights["b"]?.file.path == "\(folder)/model-2.safetensors")
            #expect(weights["unused"] == nil)
        }
    }

    @Test func standardNamesComeBeforeOthers() throws {
        try withSafetensorsFolder { folder in
            try writeTensors("other", to: "\(folder)/diffusion_pytorch_model.fp16.safetensors")
            try writeTensors("a", to: "\(folder)/diffusion_pytorch_model.safetensors")
            #expect(try SafetensorsFolder(path: folder).names == ["a"])
        }
    }

    @Test func foldersWithoutClearWeightsAreRefused() throws {
        try withSafetensorsFolder { folder in
            #expect(
                complaint(folder)
                    == #""DIR": no model.safetensors, model.safetensors.index.json, diffusion_pytorch_model.safetensors, "#
                    + "diffusion_pytorch_model.safetensors.index.json in the folder")
            #expect(complaint("\(folder)/no") == #""DIR": cannot list the folder"#)
            try writeTensors("a", to: "\(folder)/x.safetensors")
            try writeTensors("a", to: "\(folder)/y.safetensors")
            #expect(
                complaint(folder) == #""DIR": unclear which weights to read: "x.safetensors", "y.safetensors""#)
        }
    }

    @Test func anIndexThatDisagreesWithItsShardsIsRefused() throws {
        try withSafetensorsFolder { folder in
            let index = "\(folder)/model.safetensors.index.json"
            try writeTensors("a", "b", to: "\(folder)/s1.safetensors")
            try writeTensors("c", to: "\(folder)/s2.safetensors")
            try writeText(#"{"weight_map":{"a":"s1.safetensors","c":"s3.safetensors"}}"#, to: index)
            #expect(
                complaint(folder)
                    == #""DIR/s3.safetensors": this shard is missing; "DIR/model.safetensors.index.json" names it"#)
            for shard in ["s1", "s2"] {
                try writeText(
                    #"{"weight_map":{"a":"s1.safetensors","c":"s2.safetensors","d":"\#(shard).safetensors"}}"#,
                    to: index)
                #expect(
                    complaint(folder) == #""DIR/model.safetensors.index.json": tensor "d": expected in the shard "#
                        + #""\#(shard).safetensors", which lacks it"#)
            }
            try writeText(#"{"weight_map":{"a":"s2.safetensors","b":"s1.safetensors"}}"#, to: index)
            #expect(complaint(folder).contains(#"tensor "a": expected in the shard "s2.safetensors", which lacks it"#))
            try writeTensors("a", "c", to: "\(folder)/s2.safetensors")
            try writeText(#"{"weight_map":{"a":"s1.safetensors","c":"s2.safetensors"}}"#, to: index)
            #expect(
                complaint(folder)
                    == #""DIR/s2.safetensors": tensor "a": is also in the shard "DIR/s1.safetensors""#)
        }
    }

    @Test(arguments: [
        ("", "malformed index at byte 0: expected '{', got the end of the text"),
        ("{}", "the index has no weight_map"), (#"{"weight_map":{}}"#, "the index has no weight_map"),
        (#"{"weight_map":[]}"#, "malformed index at byte 14: expected '{', got '['"),
        (#"{"weight_map":{"a":1}}"#, "malformed index at byte 19: expected '\"', got '1'"),
        (
            #"{"weight_map":{"a":"s.safetensors","a":"s.safetensors"}}"#,
            #"malformed index at byte 35: duplicate key "a""#
        ),
        (
            #"{"weight_map":{"a":"../s.safetensors"}}"#,
            #"expected the name of a .safetensors file, got "../s.safetensors""#
        ),
        (#"{"weight_map":{"a":"s.bin"}}"#, #"expected the name of a .safetensors file, got "s.bin""#),
    ])
    func malformedIndexesAreRefused(json: String, reason: String) throws {
        try withSafetensorsFolder { folder in
            try writeText(json, to: "\(folder)/model.safetensors.index.json")
            #expect(complaint(folder).hasSuffix(reason), "\(complaint(folder))")
        }
    }
}
