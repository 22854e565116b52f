extension Calibration {
    /// Prompts of many kinds, for models that draw what the published one does.
    static let includedPrompts = [
        "A dog running in the park",
        "A bowl of ripe lemons and a glass jug on a blue wooden table, morning light from the left, shot from above",
        "Portrait of an old fisherman with a grey beard and a yellow raincoat, rain, shallow depth of field",
        "a watercolour of a narrow street in a harbour town, laundry between the houses, a cat on the steps",
        "Replace the background with a snowy forest at dusk, keep the person and the pose as they are",
        "An isometric drawing of a tiny library with plants, ladders and many books, soft pastel colours",
        "A red sports car on a coastal road, motion blur, late afternoon sun, 35mm film",
        "Make the sky stormy and add lightning above the hills",
        "The word \"OPEN\" in green neon letters on the window of a small cafe at night, wet asphalt",
        "A close-up of a honeybee on a purple thistle, every hair in focus, dark background",
        "Remove the bicycle from the picture",
        "A futuristic city with hanging gardens and slow airships, oil painting, thick brush strokes",
        "Two children in costumes of astronauts build a sandcastle on a beach under two moons",
        "Change the colour of the dress to emerald green and give her a straw hat with a ribbon",
        "A plate of sushi, top view, on black slate, chopsticks to the right, studio light",
        "An empty subway station with white tiles and a single bench, symmetrical, cold light, no people",
    ]
}
