namespace Entrepot.Server.Hosting;

/// <summary>The connections that a process may have open over all its listeners. Each is an open file; a quarter of those the process may
/// have stays free for blobs, the database and connections of its own, because nothing works for a process that has none left.</summary>
/// <param name="openFiles">Files that the process may have open; null for no limit.</param>
public sealed class ConnectionBudget(long? openFiles)
{
    /// <summary>Connections that each listener may have however full the others are, so that a crowd at one door does not lock the operator
    /// out of another.</summary>
    public const int Guaranteed = 64;

    private const int LeastSpare = 512;

    private long _open;

    /// <summary>Connections over all listeners, at least <see cref="Guaranteed"/>.</summary>
    public long Total { get; } = openFiles is { } files ? Math.Max(files - Math.Max(files / 4, LeastSpare), Guaranteed) : long.MaxValue;

    /// <summary>A listener's share.</summary>
    /// <param name="most">Most connections that it may have open.</param>
    public ConnectionShare Share(int most) => new(this, most);

    internal bool TryTake(bool guaranteed)
    {
        if (Interlocked.Increment(ref _open) <= Total || guaranteed)
            return true;
        Interlocked.Decrement(ref _open);
        return false;
    }

    internal void Release() => Interlocked.Decrement(ref _open);
}

/// <summary>The connections of one listener.</summary>
public sealed class ConnectionShare
{
    private readonly ConnectionBudget _budget;
    private readonly int _most;
    private int _open;

    internal ConnectionShare(ConnectionBudget budget, int most) => (_budget, _most) = (budget, most);

    /// <summary>Connections open now.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Counts one more connection, or returns false when the listener or the process has as many as it may have.</summary>
    public bool TryTake()
    {
        var open = Interlocked.Increment(ref _open);
        if (open <= _most && _budget.TryTake(open <= ConnectionBudget.Guaranteed))
            return true;
        Interlocked.Decrement(ref _open);
        return false;
    }

    /// <summary>The connection is closed.</summary>
    public void Release()
    {
        Interlocked.Decrement(ref _open);
        _budget.Release();
    }
}
