namespace Entrepot.SystemTests;

/// <summary>How long the drills go on: short in every run, in full with <c>./test --soak</c>.</summary>
internal static class Soak
{
    public static bool Wanted => Environment.GetEnvironmentVariable("ENTREPOT_SOAK") is { Length: > 0 };

    public static int Rounds(int usual, int full) => Wanted ? full : usual;

    public static long Bytes(long usual, long full) => Wanted ? full : usual;
}
