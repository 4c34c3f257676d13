using System.Text;
using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.Core.Secrets;
using Entrepot.Core.State;
using Entrepot.Trust.Access;
using Entrepot.Trust.Changes;
using Microsoft.Extensions.Time.Testing;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.OpenSsl;

namespace Entrepot.Tests.Trust.Changes;

public sealed class ChangeBookTests : IAsyncLifetime
{
    private static readonly byte[] Before = "services: []\n"u8.ToArray(), After = "services: [] # none\n"u8.ToArray();
    private static readonly ChangeActor Ann = new("user:ann", new HashSet<string> { "ann" }, "user:ann@127.0.0.1"), Bob = new("user:bob", new HashSet<string> { "bob" }, "user:bob@127.0.0.1");

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-changes-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly SealingKey _sealing = SealingKey.CreateEphemeral();
    private StateDatabase _state = null!;
    private ChangeBook _book = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _state = StateDatabase.Open(Path.Combine(_folder, "state.db"), _sealing, typeof(Principal).Assembly);
        _book = await OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _state.DisposeAsync();
        _sealing.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task An_approval_is_signed_over_exactly_what_is_applied_and_anybody_can_verify_it()
    {
        var change = await ProposeAsync();
        change = await _book.DecideAsync(change.Id, Bob, "bob", ChangeVerb.Approve, cancellation: Cancellation);

        // With another library's verifier and nothing of ours but the public texts.
        var proof = change.Approval!.Proof;
        using var pem = new PemReader(new StringReader(_book.Key.Pem));
        var verifier = new Ed25519Signer();
        verifier.Init(false, (Ed25519PublicKeyParameters)pem.ReadObject());
        var bytes = Encoding.UTF8.GetBytes(proof.Statement);
        verifier.BlockUpdate(bytes, 0, bytes.Length);
        verifier.VerifySignature(proof.Signature).ShouldBeTrue();
        proof.Statement.ShouldBe(
            $"""
            entrepot change approval v1
            network net
            change {change.Id}
            document portfile
            base sha256:{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Before))}
            content sha256:{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(After))}
            proposer user:ann
            approver user:bob
            at 2026-11-01T00:00:00.000Z
            until 2026-11-02T00:00:00.000Z

            """.ReplaceLineEndings("\n"));
    }

    [Theory]
    [InlineData("UPDATE change SET content_bytes = x'00'")]
    [InlineData("UPDATE change SET content_bytes = x'00', content = 'sha256:6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'")]
    [InlineData("UPDATE change SET approved_until = approved_until + 86400000")]
    [InlineData("UPDATE change SET proposed_by = 'user:cat', persons = 'cat'")]
    [InlineData("UPDATE change SET approval = replace(approval, 'bob', 'eve'), approved_by = 'user:eve'")]
    public async Task What_was_edited_in_the_database_is_not_applied(string edit)
    {
        var change = await ProposeAsync();
        await _book.DecideAsync(change.Id, Bob, "bob", ChangeVerb.Approve, cancellation: Cancellation);
        await _state.WriteAsync(transaction => transaction.Execute(edit), Cancellation);

        (await BeginAsync(change.Id, needs: true)).Refusal!.Is(ChangeFault.Tampered).ShouldBeTrue();
        _book.Get(change.Id).Change.Application.ShouldBeNull();
        JournalTable.ReadNewest(_state, 1)[0].ShouldSatisfyAllConditions(entry => entry.Action.ShouldBe("change.begin"), entry => entry.Result.ShouldBe(JournalResult.Refused));
    }

    [Fact]
    public async Task Another_origins_approval_does_not_count()
    {
        var change = await ProposeAsync();
        var other = new ChangeBook(_state, _book.Key, "other", Terms, _time);
        await other.DecideAsync(change.Id, Bob, "bob", ChangeVerb.Approve, cancellation: Cancellation);

        (await BeginAsync(change.Id, needs: true)).Refusal!.Is(ChangeFault.Tampered).ShouldBeTrue();
    }

    [Fact]
    public async Task A_change_of_another_document_is_superseded_and_so_is_what_waits_beside_one_that_is_applied()
    {
        var (first, second) = (await ProposeAsync(), await ProposeAsync("services: [] # two\n"u8.ToArray()));
        await _book.DecideAsync(first.Id, Bob, "bob", ChangeVerb.Approve, cancellation: Cancellation);
        await _book.DecideAsync(second.Id, Bob, "bob", ChangeVerb.Approve, cancellation: Cancellation);

        (await BeginAsync(first.Id, needs: true)).After.ShouldNotBeNull();
        _book.Get(second.Id).Change.State.ShouldBe(ChangeState.Superseded);
        (await BeginAsync(second.Id, needs: true)).Refusal!.Is(ChangeFault.Superseded).ShouldBeTrue();

        var third = await ProposeAsync("services: [] # three\n"u8.ToArray());
        (await BeginAsync(third.Id, needs: false, current: After)).Refusal!.Is(ChangeFault.Superseded).ShouldBeTrue();
        _book.Get(third.Id).Change.State.ShouldBe(ChangeState.Superseded);
    }

    [Fact]
    public async Task Broken_glass_owes_a_review_by_somebody_else()
    {
        var change = await ProposeAsync();
        (await BeginAsync(change.Id, needs: true, glass: "fire")).After.ShouldNotBeNull();
        await _state.WriteAsync(transaction => _book.Complete(transaction, change.Id, "user:ann"), Cancellation);
        _book.Owed().Count.ShouldBe(1);

        (await Should.ThrowAsync<FaultException>(() => _book.DecideAsync(change.Id, Ann, "ann", ChangeVerb.Review, cancellation: Cancellation))).Fault.Is(ChangeFault.OwnChange).ShouldBeTrue();
        var reviewed = await _book.DecideAsync(change.Id, Bob, "bob", ChangeVerb.Review, cancellation: Cancellation);
        reviewed.Review!.Proof.Statement.ShouldStartWith("entrepot change review v1\n");
        ChangeStatement.IsSignedBy(_book.Key.PublicKey, reviewed.Review.Proof).ShouldBeTrue();
        _book.Owed().ShouldBeEmpty();
        JournalTable.Read(_state, 0, 100, "change.").Select(static entry => (entry.Action, entry.Result)).ShouldBe(
        [
            ("change.propose", JournalResult.Done), ("change.break-glass", JournalResult.Done), ("change.apply", JournalResult.Done), ("change.review", JournalResult.Refused),
            ("change.review", JournalResult.Done),
        ]);
    }

    [Fact]
    public async Task Time_ends_changes_and_only_so_many_wait()
    {
        for (var i = 0; i < ChangeBook.MaxOpen; i++)
            await ProposeAsync(Encoding.UTF8.GetBytes($"services: [] # {i}\n"));
        (await Should.ThrowAsync<FaultException>(() => ProposeAsync())).Fault.Is(ChangeFault.TooMany).ShouldBeTrue();

        _time.Advance(Terms.Proposal);
        await _book.SweepAsync(Cancellation);
        _book.List().ShouldAllBe(static change => change.State == ChangeState.Expired);
        (await ProposeAsync()).State.ShouldBe(ChangeState.Proposed);
    }

    [Fact]
    public async Task The_key_outlives_a_restart_and_what_is_no_change_is_none()
    {
        (await OpenAsync()).Key.PublicKey.ShouldBe(_book.Key.PublicKey);
        (await Should.ThrowAsync<FaultException>(() => ProposeAsync(Before))).Fault.Is(ChangeFault.Unchanged).ShouldBeTrue();
        (await Should.ThrowAsync<FaultException>(() => ProposeAsync(new byte[ChangeBook.MaxBytes + 1]))).Fault.Is(ChangeFault.TooLarge).ShouldBeTrue();
        (await ProposeAsync(new byte[ChangeBook.MaxBytes])).Id.ShouldBeGreaterThan(0);
        (await Should.ThrowAsync<FaultException>(() => _book.ProposeAsync(ChangedDocument.Portfile, new ChangeBytes(Before, After, "[]"), "two\nlines", Ann, Cancellation))).Fault.Is(ChangeFault.Reason).ShouldBeTrue();
        Should.Throw<FaultException>(() => _book.Get(999)).Fault.Is(ChangeFault.NotFound).ShouldBeTrue();
    }

    private static ChangeTerms Terms => new(TimeSpan.FromDays(7), TimeSpan.FromHours(24), TimeSpan.FromHours(72));

    private async Task<ChangeBook> OpenAsync() => new(_state, await ChangeKey.OpenAsync(_state, _sealing, Cancellation), "net", Terms, _time);

    private Task<Change> ProposeAsync(byte[]? content = null) => _book.ProposeAsync(ChangedDocument.Portfile, new ChangeBytes(Before, content ?? After, "[]"), "because", Ann, Cancellation);

    private Task<ChangeStep> BeginAsync(long id, bool needs, string? glass = null, byte[]? current = null)
        => _state.WriteAsync(transaction => _book.Begin(transaction, id, new ChangeApplyOrder(Ann, needs, glass, "[]"), current ?? Before), Cancellation);
}
