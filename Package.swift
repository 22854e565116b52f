// swift-tools-version: 6.1
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// A library target of this package; `Docs/Architecture.md` says why each edge exists, and
/// `ArchitectureTests` compares that table with the imports in `Sources`.
func library(_ name: String, _ dependencies: Target.Dependency...) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

/// Tests are compiled without optimisation, which is quicker; what they test is compiled with it.
func tests(_ name: String, _ dependencies: Target.Dependency..., optimised: Bool = false) -> Target {
    .testTarget(
        name: name, dependencies: dependencies,
        swiftSettings: swiftSettings + (optimised ? [] : [.unsafeFlags(["-Onone"])]))
}

let package = Package(
    name: "omnigen2",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "OmniGen2", targets: ["OmniGen2"]),
        .executable(name: "omnigen2", targets: ["omnigen2"]),
        .executable(name: "parity", targets: ["parity"]),
        .executable(name: "shapes", targets: ["shapes"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.7.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.34.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.8.0"),
    ],
    targets: [
        .target(name: "CKernels"),
        library("Torch", "CKernels"),
        library("Layers", "CKernels", "Torch"),
        .target(
            name: "CImageCodecs",
            linkerSettings: [
                .linkedLibrary("png16"), .linkedLibrary("jpeg"), .linkedLibrary("webp"), .linkedLibrary("webpdemux"),
            ]),
        library("Imaging", "CImageCodecs"),
        .target(name: "CCurl"),
        .target(
            name: "CHashing", linkerSettings: [.linkedLibrary("crypto", .when(platforms: [.linux]))]),
        library("Hashing", "CHashing"),
        library("Hub", "CCurl", "Hashing"),
        library("QwenVL", "Layers", "Torch", "Imaging"),
        library("Diffusion", "Layers", "Torch"),
        library("OmniGen2", "QwenVL", "Diffusion", "Imaging", "Hub", "Hashing", "Layers", "Torch"),
        .target(name: "CYAML", linkerSettings: [.linkedLibrary("yaml")]),
        library("Training", "CYAML", "OmniGen2", "QwenVL", "Diffusion", "Imaging", "Hashing", "Layers", "Torch"),
        .executableTarget(
            name: "parity",
            dependencies: [
                "Training", "OmniGen2", "QwenVL", "Diffusion", "Imaging", "Layers", "Torch",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings),
        library(
            "Benchmarks", "CKernels", "OmniGen2", "QwenVL", "Diffusion", "Layers", "Torch"),
        .target(name: "CWebPage", exclude: ["Page"]),
        library(
            "Server", "CWebPage", "OmniGen2", "Imaging", "Hashing",
            .product(name: "Hummingbird", package: "hummingbird"),
            .product(name: "HummingbirdCore", package: "hummingbird"),
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
            .product(name: "HTTPTypes", package: "swift-http-types"),
            .product(name: "Logging", package: "swift-log"),
            .product(name: "Metrics", package: "swift-metrics"),
            .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            .product(name: "GRDB", package: "GRDB.swift")),
        .executableTarget(
            name: "omnigen2",
            dependencies: [
                "Server", "Benchmarks", "Training", "OmniGen2", "QwenVL", "Diffusion", "Imaging", "Hub", "Hashing",
                "Layers", "Torch",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings),
        .target(
            name: "ShapesWorld", dependencies: ["Imaging"], path: "Examples/Shapes/World", swiftSettings: swiftSettings),
        .executableTarget(
            name: "shapes",
            dependencies: [
                "ShapesWorld", "OmniGen2", "Diffusion", "Imaging", "Torch",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Examples/Shapes/Program", swiftSettings: swiftSettings),
        // They compute in double precision what they compare with.
        tests("KernelTests", "CKernels", optimised: true),
        tests("TorchTests", "Torch"),
        tests("LayersTests", "Layers", "Torch"),
        tests("ImagingTests", "Imaging"),
        tests("HubTests", "Hub", "Hashing"),
        tests("HashingTests", "Hashing"),
        tests("QwenVLTests", "QwenVL", "Layers", "Torch", "Imaging"),
        tests("DiffusionTests", "Diffusion", "Layers", "Torch"),
        tests("OmniGen2Tests", "OmniGen2", "QwenVL", "Diffusion", "Imaging", "Layers", "Torch"),
        tests("TrainingTests", "Training", "OmniGen2", "QwenVL", "Diffusion", "Imaging", "Layers", "Torch"),
        tests("ShapesTests", "ShapesWorld", "Imaging"),
        tests("ParityTests", "parity"),
        tests("BenchmarkTests", "Benchmarks", "OmniGen2", "QwenVL", "Diffusion", "Layers", "Torch"),
        tests("CommandTests", "omnigen2", "OmniGen2", "Imaging", "Torch"),
        tests(
            "ServerTests", "Server", "OmniGen2", "Imaging",
            .product(name: "Logging", package: "swift-log"),
            .product(name: "Metrics", package: "swift-metrics"),
            .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")),
    ],
    swiftLanguageModes: [.v6]
)
