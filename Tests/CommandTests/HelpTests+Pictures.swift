/// What draws and talks.
extension HelpTests {
    static let generate = """
        OVERVIEW: Draw a picture from a text.

        The picture is written as PNG and carries its prompt, seed and settings:
        'omnigen2 generate --from picture.png' draws it again.

        USAGE: omnigen2 generate [<options>] [<prompt>]

        ARGUMENTS:
          <prompt>                What to draw.

        \(model)

        \(drawing)

        \(output)

        \(adapters)

        \(run)

        OPTIONS:
          --from <png>            Repeat the picture of this PNG; other options
                                  override.
          --version               Show the version.
          -h, --help              Show help information.
        """

    static let edit = """
        OVERVIEW: Change a picture, or compose one from several.

        One picture is edited; of several, up to five, a new one is composed. The
        prompt may name them "the first image" and so on. The result carries its
        settings and the names of its sources: 'omnigen2 edit --from picture.png' draws
        it again.

        USAGE: omnigen2 edit [<options>] [<prompt>]

        ARGUMENTS:
          <prompt>                What to change, or what to make of the pictures.

        SOURCES:
          --image <file>          A PNG, JPEG or WebP picture; repeat for up to five.
          --align/--no-align      The result takes the size of a single source, rounded
                                  down to 16. (default: --align)
          --exact-size/--no-exact-size
                                  The result has precisely the size of the first
                                  source, each pixel where it was. (default: with
                                  --mask)
          --mask <file>           A picture of the first source's size: white may
                                  change, black comes back byte for byte.
          --max-input-side <pixels>
                                  Longest side a source keeps. (default: 1024)
          --reference-latents <kind>
                                  What is read of a source: sample of its distribution,
                                  or its mode. (default: sample)

        \(model)

        \(drawing)

        \(output)

        \(adapters)

        \(run)

        OPTIONS:
          --from <png>            Repeat the picture of this PNG; other options
                                  override.
          --version               Show the version.
          -h, --help              Show help information.
        """

    static let describe = """
        OVERVIEW: Say what pictures show, or answer a question.

        USAGE: omnigen2 describe [<options>] <image> ...

        ARGUMENTS:
          <image>                 PNG, JPEG or WebP pictures.

        \(model)

        \(text)

        \(run)

        OPTIONS:
          -q, --question <text>   What to ask; the pictures are img1, img2 and so on.
                                  (default: Describe this image.)
          --seed <n>              Seed of the draws. (default: 0)
          --json                  Report text and progress as JSON lines on standard
                                  output.
          --version               Show the version.
          -h, --help              Show help information.
        """

    static let chat = """
        OVERVIEW: Talk with the model, which answers with text or a picture.

        Without a MESSAGE every line of standard input is one; '/help' among them lists
        what else can be said. A picture that was drawn goes with the next message.
        Drawn pictures are numbered: output-1.png, output-2.png and so on. With a
        MESSAGE there is one reply, and its picture goes to --output.

        USAGE: omnigen2 chat [<options>] [<message>]

        ARGUMENTS:
          <message>               What to say. (default: a conversation)

        \(model)

        \(text)

        \(drawing)

        \(output)

        \(adapters)

        \(run)

        OPTIONS:
          --image <file>          A picture that goes with the first message, PNG, JPEG
                                  or WebP; repeat for up to five.
          --version               Show the version.
          -h, --help              Show help information.
        """

    static let plan = """
        OVERVIEW: Foresee the memory and time that a picture takes.

        The options are those of 'generate' and 'edit'. Of the model only names and
        shapes are read. How fast this machine is for a model of its size is measured
        once, in a second or two, and kept in the program's cache. TeaCache is taken to
        save nothing: what it skips depends on the picture.

        USAGE: omnigen2 plan [<options>] [<prompt>]

        ARGUMENTS:
          <prompt>                What to draw. (default: a text of usual length)

        \(model)

        \(drawing)

        \(run)

        OPTIONS:
          --reference <png|WxH>   A picture to be edited or composed from: its file, or
                                  its size. Repeat.
          --json                  Print a JSON object.
          --version               Show the version.
          -h, --help              Show help information.
        """
}
