namespace Entrepot.Mirror.Replication;

/// <summary>For how long a source that failed is left alone. A pure decision.</summary>
public static class BenchPolicy
{
    /// <summary>Pieces that a source may send wrong before it is benched for it: its disk may have rotted in one place, and all its other
    /// bytes are good.</summary>
    public const int LiesForgiven = 2;

    /// <summary>A lie older than this is forgotten.</summary>
    public static readonly TimeSpan LieMemory = TimeSpan.FromHours(1);

    /// <summary>The bench for the given number of failures in a row, from 1. Each reason has its first bench, factor and cap:
    /// a restart takes seconds, a stalled line minutes, and whoever sends wrong bytes needs somebody to look at it.</summary>
    public static TimeSpan For(ReplicationFault reason, int consecutive)
    {
        var (first, factor, cap) = reason switch
        {
            // These say nothing about the source, only about one blob.
            ReplicationFault.NotHeld or ReplicationFault.Damaged => (0.0, 1.0, 0.0),
            ReplicationFault.Unreachable or ReplicationFault.Died => (0.25, 2.0, 15.0),
            ReplicationFault.Refused => (0.5, 2.0, 30.0),
            ReplicationFault.Stalled => (5.0, 2.0, 300.0),
            _ => (2.0, 4.0, 1800.0),
        };
        return TimeSpan.FromSeconds(Math.Min(cap, first * Math.Pow(factor, Math.Clamp(consecutive - 1, 0, 30))));
    }
}
