using System.Security.Cryptography.X509Certificates;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Tests.Trust.Authority;
using Entrepot.Trust.Access;
using Entrepot.Trust.Authority;
using Entrepot.Trust.ClientCertificates;

namespace Entrepot.Tests.Trust.ClientCertificates;

public sealed class ClientCertificateBookTests
{
    private static readonly TimeSpan Most = TimeSpan.FromDays(90);

    [Fact]
    public async Task A_certificate_says_who_its_bearer_is_and_what_it_may()
    {
        await using var world = await TrustWorld.CreateAsync();
        var book = Book(world);
        using var made = await IssueAsync(book, "ci", Role.Publisher, TimeSpan.FromDays(30), "images", "apt");

        world.Trust.TryIdentify(made, world.Now, out ClientIdentity? identity, out var fault).ShouldBeTrue(fault?.Message);
        (identity!.Name.Value, identity.Roles).ShouldBe(("ci", Role.Publisher));
        identity.Mirrors.Select(static mirror => mirror.Value).ShouldBe(["apt", "images"]);
        made.NotAfter.ToUniversalTime().ShouldBe((world.Now + TimeSpan.FromDays(30)).UtcDateTime);
        book.List().ShouldHaveSingleItem().IsLive(world.Now).ShouldBeTrue();
    }

    [Fact]
    public async Task A_client_is_no_node_and_a_node_no_client()
    {
        await using var world = await TrustWorld.CreateAsync();
        using var client = await IssueAsync(Book(world), "edge-1", Role.Admin, TimeSpan.FromDays(1));
        using var node = world.Issue(NodeRole.Edge, "edge-1");

        world.Trust.TryIdentify(client, Certificates.ClientUse, null, world.Now, out NodeIdentity? _, out var notNode).ShouldBeFalse();
        notNode!.Is(AuthorityFault.NoIdentity).ShouldBeTrue();
        world.Trust.TryIdentify(client, Certificates.ServerUse, null, world.Now, out NodeIdentity? _, out var notServer).ShouldBeFalse();
        notServer!.Is(AuthorityFault.WrongUse).ShouldBeTrue();
        world.Trust.TryIdentify(node, world.Now, out ClientIdentity? _, out var notClient).ShouldBeFalse();
        notClient!.Is(AuthorityFault.NoIdentity).ShouldBeTrue();
    }

    [Fact]
    public async Task A_revoked_one_is_refused_and_one_made_later_of_the_same_name_is_not()
    {
        await using var world = await TrustWorld.CreateAsync();
        var book = Book(world);
        using var first = await IssueAsync(book, "ci", Role.Publisher, TimeSpan.FromDays(30));
        (await Should.ThrowAsync<FaultException>(() => IssueAsync(book, "ci", Role.Publisher, TimeSpan.FromDays(30)))).Fault.Is(ClientCertificateFault.NameTaken).ShouldBeTrue();

        (await book.RevokeAsync(NodeName.Parse("ci"), "user:ann")).RevokedBy.ShouldBe("user:ann");
        world.Time.Advance(TimeSpan.FromSeconds(2));
        using var second = await IssueAsync(book, "ci", Role.Publisher, TimeSpan.FromDays(30));

        var trust = world.Trust with { Revocations = book.Revocations };
        trust.TryIdentify(first, world.Now, out ClientIdentity? _, out var fault).ShouldBeFalse();
        fault!.Is(AuthorityFault.Revoked).ShouldBeTrue();
        trust.TryIdentify(second, world.Now, out ClientIdentity? identity, out _).ShouldBeTrue();
        trust.Recheck(identity!, first, world.Now)!.Is(AuthorityFault.Revoked).ShouldBeTrue();
        trust.Recheck(identity!, second, world.Now).ShouldBeNull();
        // A node of that name is somebody else.
        using var node = world.Issue(NodeRole.Edge, "ci");
        trust.TryIdentify(node, Certificates.ClientUse, null, world.Now, out NodeIdentity? _, out _).ShouldBeTrue();
        new ClientCertificateBook(world.State, world.Authority, Most, world.Time).Revocations.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_revocation_is_told_until_the_certificate_has_ended_by_itself()
    {
        await using var world = await TrustWorld.CreateAsync();
        var book = Book(world);
        using var made = await IssueAsync(book, "ci", Role.Publisher, TimeSpan.FromDays(30));
        await book.RevokeAsync(NodeName.Parse("ci"), "user:ann");

        world.Time.Advance(TimeSpan.FromDays(29));
        book.Revocations.ShouldHaveSingleItem().IsClient.ShouldBeTrue();
        world.Time.Advance(TimeSpan.FromDays(2));
        book.Revocations.ShouldBeEmpty();
        world.Trust.TryIdentify(made, world.Now, out ClientIdentity? _, out var fault).ShouldBeFalse();
        fault!.Is(AuthorityFault.Expired).ShouldBeTrue();
    }

    [Fact]
    public async Task A_revoked_one_is_refused_also_when_the_clock_was_set_back_after_it_was_made()
    {
        await using var world = await TrustWorld.CreateAsync();
        using var made = await IssueAsync(Book(world), "ci", Role.Publisher, TimeSpan.FromDays(30));
        var before = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(world.Now - TimeSpan.FromMinutes(3));
        var book = new ClientCertificateBook(world.State, world.Authority, Most, before);

        await book.RevokeAsync(NodeName.Parse("ci"), "user:ann");

        (world.Trust with { Revocations = book.Revocations }).TryIdentify(made, before.GetUtcNow(), out ClientIdentity? _, out var fault).ShouldBeFalse();
        fault!.Is(AuthorityFault.Revoked).ShouldBeTrue();
    }

    [Fact]
    public async Task One_that_is_made_in_the_second_of_a_revocation_is_good()
    {
        await using var world = await TrustWorld.CreateAsync();
        var book = Book(world);
        using var first = await IssueAsync(book, "ci", Role.Publisher, TimeSpan.FromDays(30));
        await book.RevokeAsync(NodeName.Parse("ci"), "user:ann");

        using var second = await IssueAsync(book, "ci", Role.Publisher, TimeSpan.FromDays(30));

        var trust = world.Trust with { Revocations = book.Revocations };
        trust.TryIdentify(second, world.Now, out ClientIdentity? _, out var fault).ShouldBeTrue(fault?.Message);
        trust.TryIdentify(first, world.Now, out ClientIdentity? _, out _).ShouldBeFalse();
    }

    [Fact]
    public async Task Who_had_one_made_is_known_for_as_long_as_what_it_may_have_made()
    {
        await using var world = await TrustWorld.CreateAsync();
        var book = Book(world);
        using var first = await IssueAsync(book, "short", Role.Admin, TimeSpan.FromMinutes(1));
        world.Time.Advance(Most - TimeSpan.FromMinutes(1));
        using var second = await IssueAsync(book, "other", Role.Viewer, TimeSpan.FromDays(1));
        book.List().ShouldContain(static one => one.Identity.Name.Value == "short");

        world.Time.Advance(TimeSpan.FromMinutes(3));
        using var third = await IssueAsync(book, "third", Role.Viewer, TimeSpan.FromDays(1));
        book.List().ShouldNotContain(static one => one.Identity.Name.Value == "short");
    }

    [Fact]
    public async Task A_connection_is_believed_no_longer_than_the_authority_that_signed_its_certificate()
    {
        await using var world = await TrustWorld.CreateAsync();
        await using var other = await TrustWorld.CreateAsync();
        using var made = await IssueAsync(Book(world), "ci", Role.Publisher, TimeSpan.FromDays(30));
        world.Trust.TryIdentify(made, world.Now, out ClientIdentity? identity, out _).ShouldBeTrue();
        world.Trust.Recheck(identity!, made, world.Now).ShouldBeNull();

        var later = world.Trust with { Authorities = other.Trust.Authorities };

        later.Recheck(identity!, made, world.Now)!.Is(AuthorityFault.WrongAuthority).ShouldBeTrue();
        using var node = world.Issue(NodeRole.Edge, "edge-1");
        world.Trust.TryIdentify(node, Certificates.ClientUse, null, world.Now, out NodeIdentity? edge, out _).ShouldBeTrue();
        world.Trust.Recheck(edge!, node, world.Now).ShouldBeNull();
        later.Recheck(edge!, node, world.Now)!.Is(AuthorityFault.WrongAuthority).ShouldBeTrue();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(91 * 24 * 60)]
    public async Task A_life_that_is_too_short_or_too_long_is_refused(int minutes)
    {
        await using var world = await TrustWorld.CreateAsync();
        (await Should.ThrowAsync<FaultException>(() => IssueAsync(Book(world), "ci", Role.Viewer, TimeSpan.FromMinutes(minutes)))).Fault.Is(ClientCertificateFault.Lifetime).ShouldBeTrue();
    }

    [Fact]
    public async Task Too_many_mirrors_and_an_unknown_name_are_refused_and_what_is_done_is_journalled()
    {
        await using var world = await TrustWorld.CreateAsync();
        var book = Book(world);
        var mirrors = Enumerable.Range(0, ClientCertificateBook.MaxMirrors + 1).Select(static i => $"m{i}").ToArray();
        (await Should.ThrowAsync<FaultException>(() => IssueAsync(book, "ci", Role.Viewer, TimeSpan.FromDays(1), mirrors))).Fault.Is(ClientCertificateFault.Mirrors).ShouldBeTrue();
        (await Should.ThrowAsync<FaultException>(() => book.RevokeAsync(NodeName.Parse("nobody"), "user:ann"))).Fault.Is(ClientCertificateFault.NotFound).ShouldBeTrue();

        using var made = await IssueAsync(book, "ci", Role.Viewer, TimeSpan.FromDays(1));
        await book.RevokeAsync(NodeName.Parse("ci"), "user:ben");

        var entries = JournalTable.Read(world.State, 0, 100, "certificate.");
        entries.Select(static entry => (entry.Actor, entry.Action, entry.Subject)).ShouldBe([("user:ann", "certificate.create", "ci"), ("user:ben", "certificate.revoke", "ci")]);
        entries[1].Before!.ShouldContain("live");
        entries[1].After!.ShouldContain("revoked");
    }

    private static ClientCertificateBook Book(TrustWorld world) => new(world.State, world.Authority, Most, world.Time);

    private static async Task<X509Certificate2> IssueAsync(ClientCertificateBook book, string name, Role roles, TimeSpan life, params string[] mirrors)
    {
        using var key = Certificates.NewKey();
        var identity = new ClientIdentity(book.Network, NodeName.Parse(name), roles, [.. mirrors.Order(StringComparer.Ordinal).Select(MirrorName.Parse)]);
        return (await book.IssueAsync(
            new ClientCertificateOrder(identity, Certificates.ReadSigningRequest(Certificates.SigningRequest(key)), life), "user:ann", TestContext.Current.CancellationToken)).Certificate;
    }
}
