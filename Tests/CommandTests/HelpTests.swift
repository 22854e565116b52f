import Testing

/// The whole help texts, so that they cannot drift unseen.
@Suite struct HelpTests {
    @Test(arguments: [
        (["--help"], root), (["generate", "--help"], generate), (["describe", "--help"], describe),
        (["info", "--help"], info),
    ])
    func helpSaysThis(arguments: [String], text: String) throws {
        let outcome = try Program.run(arguments)
        #expect(outcome.status == 0)
        // Trailing blanks are the argument parser's.
        let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
        let trimmed = lines.map { line in String(line.reversed().drop { $0 == " " }.reversed()) }
        #expect(trimmed.joined(separator: "\n") == text + "\n\n" || trimmed.joined(separator: "\n") == text + "\n")
    }

    private static let root = """
        OVERVIEW: Draw and describe pictures with OmniGen2.

        USAGE: omnigen2 <subcommand>

        OPTIONS:
          --version               Show the version.
          -h, --help              Show help information.

        SUBCOMMANDS:
          generate                Draw a picture from a text.
          describe                Say what pictures show, or answer a question.
          info                    Show what is installed, and what a model folder holds.

          See 'omnigen2 help <subcommand>' for detailed help.
        """

    private static let generate = """
        OVERVIEW: Draw a picture from a text.

        The picture is written as PNG and carries its prompt, seed and settings:
        'omnigen2 generate --from picture.png' draws it again.

        USAGE: omnigen2 generate [<options>] [<prompt>]

        ARGUMENTS:
          <prompt>                What to draw.

        ADAPTERS:
          --lora <path[:scale]>   A LoRA file or folder, and how strongly it acts; may
                                  be repeated. (default scale: 1)
          --merge-lora            Make the adapters part of the weights: faster, more
                                  memory.

        ENGINE:
          --libtorch <dir>        Folder of libtorch.
          --device <device>       Where to compute: auto, cpu or cuda. (default: auto)
          --threads <n>           Threads to compute with. (default: physical cores)

        OPTIONS:
          --model <model>         Model folder in the published layout, or a Hugging
                                  Face repository. (default: OmniGen2/OmniGen2)
          --from <png>            Repeat the picture of this PNG; other options
                                  override.
          --negative-prompt <text>
                                  What to stay away from. (default: that of the
                                  official script)
          --height <pixels>       Height in pixels. (default: 1024)
          --width <pixels>        Width in pixels. (default: 1024)
          --steps <n>             Steps from noise to picture. (default: 50)
          --text-guidance <scale> How strongly the prompt pulls; 1 is off. (default: 5)
          --image-guidance <scale>
                                  How strongly reference pictures pull; nothing without
                                  them. (default: 2)
          --cfg-range <from> <to> Part of the run in which guidance applies. (default:
                                  0 1)
          --scheduler <name>      Solver: euler or dpmsolver++. (default: euler)
          --seed <n>              Seed of the noise. (default: 0)
          --count <n>             How many pictures. (default: 1)
          --dtype <type>          Number type: fp32, fp16 or bf16. (default: bf16)
          -o, --output <png>      Where to write the PNG. (default: output.png)
          --force                 Overwrite existing files.
          --json                  Report progress as JSON lines on standard output.
          --version               Show the version.
          -h, --help              Show help information.
        """

    private static let describe = """
        OVERVIEW: Say what pictures show, or answer a question.

        USAGE: omnigen2 describe [<options>] <image> ...

        ARGUMENTS:
          <image>                 PNG, JPEG or WebP pictures.

        TEXT:
          --max-tokens <n>        How many tokens a reply may have. (default: 256)
          --temperature <t>       0 takes the best token, more draws. (default: the
                                  checkpoint's, 1e-6)
          --top-k <n>             Draw from the best n tokens; 0 is all. (default: the
                                  checkpoint's, 50)
          --top-p <p>             Draw from the best tokens that are this probable
                                  together. (default: the checkpoint's, 1)
          --repetition-penalty <x>
                                  What tokens that stood before lose; 1 is nothing.
                                  (default: the checkpoint's, 1.05)
          --stop <text>           A string that ends a reply; repeatable.

        ENGINE:
          --libtorch <dir>        Folder of libtorch.
          --device <device>       Where to compute: auto, cpu or cuda. (default: auto)
          --threads <n>           Threads to compute with. (default: physical cores)

        OPTIONS:
          -q, --question <text>   What to ask; the pictures are img1, img2 and so on.
                                  (default: Describe this image.)
          --model <model>         Model folder in the published layout, or a Hugging
                                  Face repository. (default: OmniGen2/OmniGen2)
          --dtype <type>          Number type: fp32, fp16 or bf16. (default: bf16)
          --seed <n>              Seed of the draws. (default: 0)
          --json                  Report text and progress as JSON lines on standard
                                  output.
          --version               Show the version.
          -h, --help              Show help information.
        """

    private static let info = """
        OVERVIEW: Show what is installed, and what a model folder holds.

        USAGE: omnigen2 info [<model>] [--libtorch <dir>]

        ARGUMENTS:
          <model>                 A model folder in the published layout.

        OPTIONS:
          --libtorch <dir>        Folder of libtorch.
          --version               Show the version.
          -h, --help              Show help information.
        """
}
