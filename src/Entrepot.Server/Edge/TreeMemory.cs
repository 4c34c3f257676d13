using System.Threading.Channels;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Entrepot.Server.Api;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Edge;

/// <summary>One snapshot of one mirror. A mirror made anew under the same name is another one.</summary>
internal sealed record TreeKey(MirrorName Mirror, long Number, Sha256Digest Root, DateTimeOffset CreatedAt)
{
    /// <summary>True when its files are served by signed addresses only.</summary>
    public bool IsPrivate { get; init; }
}

/// <summary>Writes down what an edge learns of its mirrors, so that it serves by path while the origin is down, also after a restart. Requests
/// never wait for the writing. When more waits than <see cref="QueueLimit"/>, news is dropped; such a path is known until the restart only.</summary>
internal sealed class TreeMemory : IAsyncDisposable
{
    /// <summary>Paths kept of all mirrors; beyond, the oldest go. A row takes about 300 bytes on disk.</summary>
    public const int MaxPaths = 500_000;

    private const int QueueLimit = 16_384;
    private const int MaxBatch = 512;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private readonly StateDatabase _state;
    private readonly NodeName _edge;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly int _maxPaths;
    private readonly Channel<Note> _notes = Channel.CreateBounded<Note>(new BoundedChannelOptions(QueueLimit) { SingleReader = true });
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;
    private long _room = -1;

    public TreeMemory(StateDatabase state, NodeName edge, TimeProvider time, ILogger logger, int maxPaths = MaxPaths)
    {
        (_state, _edge, _time, _logger, _maxPaths) = (state, edge, time, logger, maxPaths);
        _loop = Task.Run(RunAsync);
    }

    private abstract record Note(TreeKey Tree);

    private sealed record MetNote(TreeKey Tree) : Note(Tree);

    private sealed record FileNote(TreeKey Tree, FileDocument File) : Note(Tree);

    private sealed record AbsentNote(TreeKey Tree, ContentPath Path) : Note(Tree);

    private sealed record GoneNote(TreeKey Tree) : Note(Tree);

    /// <summary>The snapshots that were current when they were met last.</summary>
    public IReadOnlyList<TreeKey> Mirrors() => TreeTable.Mirrors(_state, _edge);

    /// <summary>What a path named when it was asked for last; null when it never was.</summary>
    public FileDocument? Find(TreeKey tree, ContentPath path) => TreeTable.Find(_state, _edge, tree, path);

    /// <summary>The tree is its mirror's current one from now on.</summary>
    public void Met(TreeKey tree) => _notes.Writer.TryWrite(new MetNote(tree));

    /// <summary>The tree has this file.</summary>
    public void Learnt(TreeKey tree, FileDocument file) => _notes.Writer.TryWrite(new FileNote(tree, file));

    /// <summary>The tree has nothing under this path.</summary>
    public void Missed(TreeKey tree, ContentPath path) => _notes.Writer.TryWrite(new AbsentNote(tree, path));

    /// <summary>The tree's mirror is gone.</summary>
    public void Forget(TreeKey tree) => _notes.Writer.TryWrite(new GoneNote(tree));

    /// <summary>Writes down what waits.</summary>
    public async ValueTask DisposeAsync()
    {
        _notes.Writer.TryComplete();
        await _stopping.CancelAsync();
        await _loop;
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        var batch = new List<Note>(MaxBatch);
        while (await _notes.Reader.WaitToReadAsync())
        {
            batch.Clear();
            while (batch.Count < MaxBatch && _notes.Reader.TryRead(out var note))
                batch.Add(note);
            await WriteAsync(batch);
        }
    }

    /// <summary>Writes until it succeeds, or once more after the stop was asked for.</summary>
    private async Task WriteAsync(List<Note> batch)
    {
        for (var failed = false; ; failed = true)
        {
            var last = _stopping.IsCancellationRequested;
            try
            {
                // Written here only with the commit: a transaction that fails has added nothing.
                _room = await _state.WriteAsync(transaction => Apply(transaction, batch, _room));
                return;
            }
            catch (FaultException error)
            {
                if (!failed)
                    Log.MemoryFailed(_logger, _edge.Value, error.Message);
                if (last)
                    return;
                await Task.Delay(RetryAfter, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <returns>How many paths may be added before they must be counted again.</returns>
    private long Apply(StateTransaction transaction, List<Note> batch, long room)
    {
        TreeKey? put = null;
        foreach (var note in batch)
        {
            if (note is MetNote or FileNote && note.Tree != put)
                TreeTable.PutMirror(transaction, _edge, put = note.Tree);
            if (note is FileNote file && TreeTable.PutPath(transaction, _edge, file.Tree, file.File))
            {
                room--;
            }
            else if (note is AbsentNote absent)
            {
                TreeTable.RemovePath(transaction, _edge, absent.Tree, absent.Path);
            }
            else if (note is GoneNote)
            {
                TreeTable.RemoveMirror(transaction, _edge, note.Tree);
                put = null;
            }
        }

        if (room >= 0)
            return room;
        var over = TreeTable.Count(transaction, _edge) - _maxPaths;
        if (over > 0)
            over -= TreeTable.RemoveOldest(transaction, _edge, over + Math.Max(1, _maxPaths / 100));
        return -over;
    }
}
