namespace Entrepot.Server.Client;

/// <summary>Is told how a transfer goes. Called from several threads at once.</summary>
public interface ITransferObserver
{
    /// <summary>A stage begins; it replaces the one before.</summary>
    /// <param name="stage">What is done, as one word: <c>hashing</c>, <c>pushing</c>.</param>
    /// <param name="items">How many files.</param>
    /// <param name="bytes">How many bytes in all.</param>
    void Begin(string stage, int items, long bytes);

    /// <summary>So many more bytes are done; negative when some must be done again.</summary>
    void Advance(long bytes);

    /// <summary>One more file is done.</summary>
    void ItemDone();
}

/// <summary>Listens to nothing.</summary>
public sealed class SilentObserver : ITransferObserver
{
    /// <summary>The only one.</summary>
    public static SilentObserver Instance { get; } = new();

    /// <inheritdoc/>
    public void Begin(string stage, int items, long bytes)
    {
    }

    /// <inheritdoc/>
    public void Advance(long bytes)
    {
    }

    /// <inheritdoc/>
    public void ItemDone()
    {
    }
}
