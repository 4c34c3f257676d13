using System.Threading.Channels;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Entrepot.Server.Api;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Edge;

/// <summary>Which snapshot an edge met: a mirror made anew under the same name is another one.</summary>
internal sealed record TreeKey(MirrorName Mirror, long Number, Sha256Digest Root, DateTimeOffset CreatedAt);

/// <summary>Writes down what an edge learns of its mirrors, so that after a restart it serves by path even while the origin is down. Requests
/// never wait for it: what it can't take or write is only learnt again.</summary>
internal sealed class TreeMemory : IAsyncDisposable
{
    /// <summary>Trees kept of each mirror: the current one, and the one before for paths not asked for since.</summary>
    public const int Kept = 2;

    private const int QueueLimit = 16_384;
    private const int MaxBatch = 512;

    private readonly StateDatabase _state;
    private readonly NodeName _edge;
    private readonly ILogger _logger;
    private readonly Channel<Note> _notes = Channel.CreateBounded<Note>(new BoundedChannelOptions(QueueLimit) { SingleReader = true });
    private readonly Dictionary<TreeKey, long> _rows = [];
    private readonly Task _loop;
    private bool _failing;

    public TreeMemory(StateDatabase state, NodeName edge, ILogger logger)
    {
        (_state, _edge, _logger) = (state, edge, logger);
        foreach (var tree in TreeTable.Trees(state, edge))
            _rows[tree.Key] = tree.Id;
        _loop = Task.Run(RunAsync);
    }

    private abstract record Note(TreeKey Tree);

    private sealed record TreeNote(TreeKey Tree) : Note(Tree);

    private sealed record PathNote(TreeKey Tree, FileDocument File) : Note(Tree);

    private sealed record ForgottenPaths(TreeKey Tree) : Note(Tree);

    private sealed record ForgottenMirror(TreeKey Tree) : Note(Tree);

    /// <summary>What was known when the process ended: for each tree, oldest first, its files.</summary>
    public IEnumerable<(TreeKey Tree, IReadOnlyList<FileDocument> Files)> Recall()
        => TreeTable.Trees(_state, _edge).Select(tree => (tree.Key, TreeTable.Paths(_state, tree)));

    /// <summary>The tree is its mirror's current one from now on.</summary>
    public void Met(TreeKey tree) => _notes.Writer.TryWrite(new TreeNote(tree));

    /// <summary>The tree has this file.</summary>
    public void Learnt(TreeKey tree, FileDocument file) => _notes.Writer.TryWrite(new PathNote(tree, file));

    /// <summary>The tree's paths were dropped because there were too many.</summary>
    public void ForgotPaths(TreeKey tree) => _notes.Writer.TryWrite(new ForgottenPaths(tree));

    /// <summary>The tree's mirror is gone.</summary>
    public void ForgotMirror(TreeKey tree) => _notes.Writer.TryWrite(new ForgottenMirror(tree));

    /// <summary>Writes down what waits.</summary>
    public async ValueTask DisposeAsync()
    {
        _notes.Writer.TryComplete();
        await _loop;
    }

    private async Task RunAsync()
    {
        var batch = new List<Note>(MaxBatch);
        while (await _notes.Reader.WaitToReadAsync())
        {
            batch.Clear();
            while (batch.Count < MaxBatch && _notes.Reader.TryRead(out var note))
                batch.Add(note);
            try
            {
                await _state.WriteAsync(transaction => Apply(transaction, batch));
                _failing = false;
            }
            catch (FaultException error)
            {
                if (!_failing)
                    Log.MemoryFailed(_logger, _edge.Value, error.Message);
                _failing = true;
            }
        }
    }

    private void Apply(StateTransaction transaction, List<Note> batch)
    {
        foreach (var note in batch)
        {
            switch (note)
            {
                case TreeNote:
                    if (_rows.Remove(note.Tree, out var old))
                        TreeTable.Remove(transaction, old);
                    var added = TreeTable.Add(transaction, _edge, note.Tree, Kept);
                    _rows[note.Tree] = added;
                    break;
                case PathNote path when _rows.TryGetValue(note.Tree, out var row):
                    TreeTable.AddPath(transaction, row, path.File);
                    break;
                case ForgottenPaths when _rows.TryGetValue(note.Tree, out var row):
                    TreeTable.Clear(transaction, row);
                    break;
                case ForgottenMirror:
                    TreeTable.Remove(transaction, _edge, note.Tree.Mirror);
                    foreach (var tree in _rows.Keys.Where(tree => tree.Mirror == note.Tree.Mirror).ToList())
                        _rows.Remove(tree);
                    break;
            }
        }
    }
}
