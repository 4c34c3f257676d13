using System.Text;
using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.Core.Secrets;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;
using Entrepot.Server.Changes;
using Entrepot.Server.Configuration;
using Entrepot.Server.Declarations;
using Entrepot.Server.Hosting;
using Entrepot.Trust.Changes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Server.Changes;

/// <summary>A portfile and the changes of it, between a decision and the file.</summary>
public sealed class PortfileDocumentTests : IAsyncLifetime
{
    private const string Old = "services:\n  - {name: web, port: 8081, owner: web team, purpose: pages}\n", Next = "services:\n  - {name: web, port: 8082, owner: web team, purpose: pages}\n";

    private static readonly ChangeActor Ann = new("user:ann", new HashSet<string> { "ann" }, "user:ann@127.0.0.1"), Bob = new("user:bob", new HashSet<string> { "bob" }, "user:bob@127.0.0.1");

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-portfile-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly SealingKey _sealing = SealingKey.CreateEphemeral();
    private readonly List<PortfileDocument> _documents = [];
    private StateDatabase _state = null!;
    private ChangeBook _book = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string File => Path.Combine(_folder, "portfile.yaml");

    private Settings Settings => Settings.Default with { Portfile = File };

    public async ValueTask InitializeAsync()
    {
        await System.IO.File.WriteAllTextAsync(File, Old, Cancellation);
        _state = StateDatabase.Open(Path.Combine(_folder, "state.db"), _sealing, Node.StateFeatures);
        _book = new ChangeBook(
            _state, await ChangeKey.OpenAsync(_state, _sealing, Cancellation), "net", new ChangeTerms(TimeSpan.FromDays(7), TimeSpan.FromDays(1), TimeSpan.FromDays(3)), _time);
    }

    public async ValueTask DisposeAsync()
    {
        _documents.ForEach(static document => document.Dispose());
        await _state.DisposeAsync();
        _sealing.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(true, Old)]
    [InlineData(true, Next)]
    [InlineData(true, null)]
    [InlineData(true, "services: []\n")]
    [InlineData(false, Old)]
    [InlineData(false, Next)]
    public async Task A_decision_is_carried_out_whatever_a_crash_left(bool needs, string? left)
    {
        var accepted = needs ? await AcceptedAsync() : null;
        var change = await BegunAsync(accepted, needs);
        if (left is null)
            System.IO.File.Delete(File);
        else
            await System.IO.File.WriteAllTextAsync(File, left, Cancellation);

        var (document, declaration) = Open(needs ? await AcceptedAsync() : null);
        if (needs)
            declaration.Current.Services[0].Port.ShouldBe(8082, "what was decided counts from the first moment");
        await document.RecoverAsync(change, Cancellation);

        (await System.IO.File.ReadAllTextAsync(File, Cancellation)).ShouldBe(Next);
        _book.Get(change.Id).Change.State.ShouldBe(ChangeState.Applied);
        System.IO.File.Exists(File + ".unapproved").ShouldBe(left is "services: []\n");
        await document.RecoverAsync(change, Cancellation);
        JournalTable.Read(_state, 0, 100, "change.apply").Count.ShouldBe(1, "once is enough");
    }

    [Fact]
    public async Task Where_no_approval_is_needed_an_edit_by_hand_meanwhile_is_not_overwritten()
    {
        var change = await BegunAsync(null, needs: false);
        await System.IO.File.WriteAllTextAsync(File, "services: []\n", Cancellation);
        var (document, _) = Open(null);

        (await Should.ThrowAsync<FaultException>(() => document.RecoverAsync(change, Cancellation))).Fault.Is(ChangeFault.Superseded).ShouldBeTrue();
        (await System.IO.File.ReadAllTextAsync(File, Cancellation)).ShouldBe("services: []\n");
        _book.Get(change.Id).Change.State.ShouldBe(ChangeState.Superseded);
    }

    [Fact]
    public async Task An_edit_by_hand_is_not_taken_over_and_told_once()
    {
        var accepted = await AcceptedAsync();
        var (document, declaration) = Open(accepted);
        await accepted.WatchAsync(Cancellation);
        accepted.Stray.ShouldBeNull();

        await System.IO.File.WriteAllTextAsync(File, Next, Cancellation);
        for (var i = 0; i < 3; i++)
        {
            await accepted.WatchAsync(Cancellation);
            declaration.LookAtAccepted().ShouldBeFalse();
        }

        accepted.Stray!.ShouldContain("is not in force");
        declaration.Current.Services[0].Port.ShouldBe(8081);
        JournalTable.Read(_state, 0, 100, "portfile.").Select(static entry => (entry.Action, entry.Result)).ShouldBe([("portfile.refuse", JournalResult.Refused)]);

        var id = (await ProposeAsync()).Id;
        await _book.DecideAsync(id, Bob, "bob", ChangeVerb.Approve, cancellation: Cancellation);
        await document.ApplyAsync(id, new ChangeApplyOrder(Ann, true, null, "[]"), Cancellation);
        declaration.LookAtAccepted().ShouldBeTrue();
        declaration.Current.Services[0].Port.ShouldBe(8082);
        await accepted.WatchAsync(Cancellation);
        accepted.Stray.ShouldBeNull();

        System.IO.File.Delete(File);
        await accepted.WatchAsync(Cancellation);
        accepted.Stray!.ShouldContain("is gone");
    }

    [Fact]
    public async Task The_first_start_takes_the_file_as_it_is_and_refuses_one_that_holds_errors()
    {
        await System.IO.File.WriteAllTextAsync(File, "services: [{nam: web}]\n", Cancellation);
        (await Should.ThrowAsync<FaultException>(AcceptedAsync)).Fault.Code.ShouldBe("portfile/invalid");
        _book.Accepted(ChangedDocument.Portfile).ShouldBeNull();

        await System.IO.File.WriteAllTextAsync(File, Old, Cancellation);
        Encoding.UTF8.GetString((await AcceptedAsync()).Current.Bytes).ShouldBe(Old);
        JournalTable.Read(_state, 0, 100, "change.accept").Count.ShouldBe(1);
        await _book.UnacceptAsync(ChangedDocument.Portfile, "system:changes", Cancellation);
        _book.Accepted(ChangedDocument.Portfile).ShouldBeNull();
    }

    private Task<AcceptedPortfile> AcceptedAsync() => AcceptedPortfile.OpenAsync(_book, _state, File, _time, NullLogger.Instance, Cancellation);

    private (PortfileDocument Document, NodeDeclaration Declaration) Open(AcceptedPortfile? accepted)
    {
        var declaration = NodeDeclaration.Open(Settings, _time, NullLogger.Instance, accepted);
        var document = new PortfileDocument(
            Settings, _book, accepted, declaration, new PortBook(_state, declaration.Policy(), _time), new ListeningSockets(), static () => new HashSet<string>(), _state, _time, NullLogger.Instance);
        _documents.Add(document);
        return (document, declaration);
    }

    private Task<Change> ProposeAsync() => _book.ProposeAsync(ChangedDocument.Portfile, new ChangeBytes(Encoding.UTF8.GetBytes(Old), Encoding.UTF8.GetBytes(Next), "[]"), "because", Ann, Cancellation);

    /// <summary>A change that is decided, as a kill right after that leaves it.</summary>
    private async Task<Change> BegunAsync(AcceptedPortfile? accepted, bool needs)
    {
        var change = await ProposeAsync();
        if (needs)
            await _book.DecideAsync(change.Id, Bob, "bob", ChangeVerb.Approve, cancellation: Cancellation);
        var begun = await _state.WriteAsync(
            transaction =>
            {
                var step = _book.Begin(transaction, change.Id, new ChangeApplyOrder(Ann, needs, null, "[]"), Encoding.UTF8.GetBytes(Old));
                if (needs)
                    _book.Accept(transaction, step.After!, Encoding.UTF8.GetBytes(Next));
                return step;
            },
            Cancellation);
        accepted?.Refresh();
        return begun.Require();
    }
}
