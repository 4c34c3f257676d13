namespace Entrepot.Server.Drills;

/// <summary>Limits of drills.</summary>
public static class DrillLimits
{
    /// <summary>Most rounds of a drill.</summary>
    public const int MaxRounds = 100;

    /// <summary>How long a drill may take.</summary>
    public static TimeSpan Longest { get; } = TimeSpan.FromMinutes(30);
}
