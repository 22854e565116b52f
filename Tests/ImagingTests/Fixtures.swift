#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Small files made by Pillow 13, or packed by hand where it cannot write the kind.
enum Fixtures {
    static let palette = fixture(
        """
        iVBORw0KGgoAAAANSUhEUgAAAAQAAAABAgMAAACEUudeAAAADFBMVEX/AAAA/wAAAP8JCAei0mLAAAAACklEQVR4nGOQBgAAHQAcjvT1IQAA\
        AABJRU5ErkJggg==
        """)

    static let paletteWithTransparency = fixture(
        """
        iVBORw0KGgoAAAANSUhEUgAAAAQAAAABAgMAAACEUudeAAAADFBMVEX/AAAA/wAAAP8JCAei0mLAAAAAA3RSTlP/AH+EVJyeAAAACklEQVR4\
        nGOQBgAAHQAcjvT1IQAAAABJRU5ErkJggg==
        """)

    static let grey1 = fixture(
        """
        iVBORw0KGgoAAAANSUhEUgAAAAgAAAABAQAAAADLe9LuAAAACklEQVR4nGPYCAAAswCyIZJRygAAAABJRU5ErkJggg==
        """)

    static let grey2 = fixture(
        """
        iVBORw0KGgoAAAANSUhEUgAAAAQAAAABAgAAAACW50iwAAAACklEQVR4nGOQBgAAHQAcjvT1IQAAAABJRU5ErkJggg==
        """)

    static let grey4 = fixture(
        """
        iVBORw0KGgoAAAANSUhEUgAAAAIAAAABBAAAAAAUuc1XAAAACklEQVR4nGOwAQAAPgA9Ki4U4gAAAABJRU5ErkJggg==
        """)

    static let grey16 = fixture(
        """
        iVBORw0KGgoAAAANSUhEUgAAAAMAAAABEAAAAABuG5crAAAAD0lEQVR4nGNg+C/U8P8/AAnHA5DNYpEzAAAAAElFTkSuQmCC
        """)

    static let grey8Keyed = fixture(
        """
        iVBORw0KGgoAAAANSUhEUgAAAAMAAAABCAAAAAA+i0toAAAAAnRSTlMABp/waA0AAAAMSURBVHicY2BlYwcAACYAE1pq/9IAAAAASUVORK5C\
        YII=
        """)

    static let greyAlpha = fixture(
        """
        iVBORw0KGgoAAAANSUhEUgAAAAMAAAABCAQAAACx6dw/AAAAD0lEQVR4nGPgYuBq4PoPAAL+AZ6cwxaaAAAAAElFTkSuQmCC
        """)

    static let rgb16 = fixture(
        """
        iVBORw0KGgoAAAANSUhEUgAAAAEAAAACEAIAAABGc/0zAAAAFklEQVR4nGNgPMF0gvkEwz/GBkYGRgAfuQPgrqBDSwAAAABJRU5ErkJggg==
        """)

    static let rgba = fixture(
        """
        iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAYAAAD0In+KAAAAEUlEQVR4nGM4kcJgzMjE/B8ACxMCZQg1K1cAAAAASUVORK5CYII=
        """)

    static let rgba16 = fixture(
        """
        iVBORw0KGgoAAAANSUhEUgAAAAEAAAABEAYAAABPhRjKAAAAEUlEQVR4nGM4wZDCwMBgbAwACToBk3/hx9sAAAAASUVORK5CYII=
        """)

    static let interlaced = fixture(
        """
        iVBORw0KGgoAAAANSUhEUgAAAAUAAAAECAIAAAG+VlKBAAAAT0lEQVR4nAFEALv/ACwpGQDTx40AQBEeALZByed3zcHiKADlYSoNPYkAw3MP\
        vKnJANoXX38Yue8+FHgWBA71KQC0oSLRXoK6TMPr/CJqy9KK7x0RDpHjWAAAAABJRU5ErkJggg==
        """)

    static let pngTurned = fixture(
        """
        iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAGmVYSWZNTQAqAAAACAABARIAAwAAAAEABgAAAAAAANZnS2kAAAAdSURBVHic\
        Y0ibFHBK1j7w3WoGrofdaraFu6s+AgBSuwjJT+Ql3QAAAABJRU5ErkJggg==
        """)

    static let pngText = fixture(
        """
        iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAABnRFWHRhAGLpCmPMKcenAAAAEnpUWHR6AAB4nKvKLFCooiIGAKCwHP2SUs+1\
        AAAADGlUWHRpAAAAamEAeADnjKsIV+dTAAAAFWlUWHRpegABAAAAeJx73rP6OW0QAFH9P4UHYmL+AAAADElEQVR4nGNgYGAAAAAEAAH2FzhV\
        AAAACHRFWHRsYXN0AGVuZCjWvEoAAAAASUVORK5CYII=
        """)

    static let bomb = fixture(
        """
        iVBORw0KGgoAAAANSUhEUgAA6mAAAMNQCAIAAABR75n3AAAADElEQVR4nGNgoD0AAABkAAGGZDw1
        """)

    static let webpTurned = fixture(
        """
        UklGRoAAAABXRUJQVlA4WAoAAAAIAAAAAgAAAQAAVlA4TEAAAAAvAkAAAC+gkG0EiOAQPvjBHRJZgAnFmEbQF3EcgSgGgAby6BVDArEem+f8\
        h+ercJAE7wkoSNuAxd0zsIj+R/MBRVhJRhoAAABNTQAqAAAACAABARIAAwAAAAEABgAAAAAAAA==
        """)

    static let jpegTurned = fixture(
        """
        /9j/4AAQSkZJRgABAQAAAQABAAD/4QAiRXhpZgAATU0AKgAAAAgAAQESAAMAAAABAAYAAAAAAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQE\
        BQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQU\
        FBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBT/wAARCAACAAMDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAf/xAAUEAEA\
        AAAAAAAAAAAAAAAAAAAA/8QAFQEBAQAAAAAAAAAAAAAAAAAAAwj/xAAUEQEAAAAAAAAAAAAAAAAAAAAA/9oADAMBAAIRAxEAPwCSACWW/9k=
        """)

    static let jpegGrey = fixture(
        """
        /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkIBgcJBwYGCAsICQoKCgoKBggL\
        DAsKDAkKCgr/wAALCAACAAMBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AGb//2Q==
        """)

    static let jpegInks = fixture(
        """
        /9j/7gAOQWRvYmUAZAAAAAAA/9sAQwACAQEBAQECAQEBAgICAgIEAwICAgIFBAQDBAYFBgYGBQYGBgcJCAYHCQcGBggLCAkKCgoKCgYICwwL\
        CgwJCgoK/8AAFAgAAQACBEMRAE0RAFkRAEsRAP/EABYAAQEBAAAAAAAAAAAAAAAAAAkHCv/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAOBEMA\
        TQBZAEsAAD8Az/rYYQhj/9k=
        """)

    static let webpAlpha = fixture(
        """
        UklGRiYAAABXRUJQVlA4TBoAAAAvAQAAEA9wAbE9Jpikqfb/yYPT/Af7ISP6Hw==
        """)

    /// Two frames of 2 x 2, the first of (9, 80, 200).
    static let webpAnimated = fixture(
        """
        UklGRoQAAABXRUJQVlA4WAoAAAACAAAAAQAAAQAAQU5JTQYAAAAAAAAAAABBTk1GKgAAAAAAAAAAAAEAAAEAAAAAAAJWUDhMEQAAAC8BQAAA\
        B1CoJhS5/4GI6H8AAEFOTUYmAAAAAAAAAAAAAQAAAQAAAAAAAFZQOEwOAAAALwFAAAAHEBH9D0RE/wM=
        """)

    static let webpLossy = fixture(
        """
        UklGRp4AAABXRUJQVlA4IJIAAAAQAwCdASoQAAgAAoBCJbACdH8D2FCIK50DqADx07ztvUAA/VN2sw6trtbt867UbbRLVQxu2K9LvavChaqR\
        P+8okvW5D1xx2woXlKG3FX6WEfITrQk30YHy+rdqDkT0VbUPtz82SsJPdqskAsBIb/EAx4XQdd2pv+ZoFMy3kHv2CEm7uZ7JM2LnGwdGkD8z\
        /4AAAA==
        """)

    private static func fixture(_ base64: String) -> [UInt8] {
        Data(base64Encoded: base64).map { [UInt8]($0) } ?? []
    }
}
