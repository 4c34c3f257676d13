using Entrepot.Core.Changes;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Kernel;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Changes;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Inventory;
using Entrepot.Server.Configuration;
using Entrepot.Server.Declarations;
using Entrepot.Trust.Changes;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Changes;

/// <summary>The portfile of the origin. A change is decided in one transaction and then written to the file; what a crash or a full disk left between
/// the two is carried out later.</summary>
internal sealed class PortfileDocument(
    Settings settings, ChangeBook book, AcceptedPortfile? accepted, NodeDeclaration declaration, PortBook ports, IPortInventory inventory, Func<IReadOnlySet<string>> own, StateDatabase state,
    TimeProvider time, ILogger logger) : IGovernedDocument, IDisposable
{
    /// <summary>What the copy of a file that nobody approved is called, when a change takes its place.</summary>
    private const string StraySuffix = ".unapproved";

    private readonly SemaphoreSlim _writing = new(1, 1);

    public ChangedDocument Kind => ChangedDocument.Portfile;

    private string Path => settings.Portfile ?? throw Fault.Of(
        ChangeFault.NoDocument, FaultKind.Conflict, "The origin has no portfile.", "Name a file in the setting 'portfile', and start the origin again.").ToException();

    public byte[] Current() => accepted?.Current.Bytes ?? ReadFile(Path);

    public byte[] Normalise(byte[] proposed, string file)
    {
        _ = Path;
        declaration.Checked(PortfileReader.Read(DocumentBytes.Text(proposed, file), file, time.GetUtcNow()).Require());
        return proposed;
    }

    public IReadOnlyList<ChangeEffect> Effect(byte[] before, byte[] after)
    {
        var next = Read(after).Require();
        var was = Read(before).Portfile;
        var effects = PortfileEffect.Of(was ?? declaration.Current, next, new PortfileScene(settings.Node, settings.Site, own(), ports.Leases(), Observe, time.GetUtcNow()) { Book = ports });
        return was is not null ? effects : [new ChangeEffect(EffectWeight.Attention, "portfile", "on disk holds errors; the effect is that on the one in force"), .. effects];
    }

    public async Task<Change> ApplyAsync(long id, ChangeApplyOrder order, CancellationToken cancellation)
    {
        var path = Path;
        await _writing.WaitAsync(cancellation);
        try
        {
            var found = accepted is null ? ReadFile(path) : null;
            var step = await state.WriteAsync(
                transaction =>
                {
                    var begun = book.Begin(transaction, id, order with { NeedsApproval = accepted is not null }, found ?? ChangeBook.Accepted(transaction, Kind)!.Bytes);
                    if (begun.After is { } decided && accepted is not null)
                        book.Accept(transaction, decided, ChangeBook.Content(transaction, id));
                    return begun;
                },
                cancellation);
            accepted?.Refresh();
            // From here on it is decided: a caller that goes away changes nothing.
            return await FinishAsync(step.Require(), order.By.Actor, CancellationToken.None);
        }
        finally
        {
            _writing.Release();
        }
    }

    public async Task RecoverAsync(Change applying, CancellationToken cancellation)
    {
        await _writing.WaitAsync(cancellation);
        try
        {
            if (book.Get(applying.Id).Change.State != ChangeState.Applying)
                return;
            await FinishAsync(applying, "system:changes", cancellation);
            Log.Recovered(logger, applying.Id, Path);
        }
        finally
        {
            _writing.Release();
        }
    }

    public void Dispose() => _writing.Dispose();

    /// <summary>Makes the file what a change says, and notes that it is.</summary>
    private async Task<Change> FinishAsync(Change change, string actor, CancellationToken cancellation)
    {
        var (path, content) = (Path, book.Get(change.Id).Bytes.Content);
        try
        {
            var there = File.Exists(path) ? Sha256Digest.Of(await File.ReadAllBytesAsync(path, cancellation)) : (Sha256Digest?)null;
            if (there != change.Content && there != change.Base && accepted is null)
            {
                await book.AbandonAsync(change.Id, "the file was changed by hand before it could be written", cancellation);
                throw book.Get(change.Id) is var (left, _) ? ChangeRules.Take(left, new ChangeAct.Complete(), book.Now).Refusal!.ToException() : null!;
            }

            if (there is not null && there != change.Content && there != change.Base)
            {
                // Somebody's work, though nobody approved it.
                DurableFile.Write(path + StraySuffix, await File.ReadAllBytesAsync(path, cancellation));
                Log.StrayReplaced(logger, path, path + StraySuffix);
            }

            if (there is null)
                DurableFile.Write(path, content);
            else if (there != change.Content)
                DurableFile.Replace(path, content);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Log.Unwritten(logger, change.Id, path, error.Message);
            throw Fault.Of(
                ChangeFault.Unwritable, FaultKind.Unavailable, $"Change {change.Id} is decided, and '{path}' can't be written: {error.Message}",
                "Let the node's user write there. The node tries again every minute; nothing else is needed.").ToException(error);
        }

        return await state.WriteAsync(transaction => book.Complete(transaction, change.Id, actor), cancellation);
    }

    private PortfileResult Read(byte[] bytes) => PortfileReader.Read(DocumentBytes.Text(bytes, "portfile"), "portfile", time.GetUtcNow());

    private PortObservation Observe(PortProtocol protocol) => new([.. inventory.Listeners(protocol)], inventory.EphemeralRange());

    private static byte[] ReadFile(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Fault.Of(ChangeFault.NoDocument, FaultKind.Unavailable, $"'{path}' can't be read: {error.Message}", "See that the file is there and that the node's user may read it.").ToException(error);
        }
    }
}
