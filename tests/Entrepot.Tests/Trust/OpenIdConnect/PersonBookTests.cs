using Entrepot.Tests.Trust.Authority;
using Entrepot.Trust.Access;
using Entrepot.Trust.Accounts;
using Entrepot.Trust.OpenIdConnect;

namespace Entrepot.Tests.Trust.OpenIdConnect;

public sealed class PersonBookTests
{
    [Fact]
    public async Task A_session_does_not_become_that_of_whoever_gets_the_name_next()
    {
        await using var world = await TrustWorld.CreateAsync();
        var people = new PersonBook(world.State, world.Time);
        var sessions = new SessionBook(name => people.RolesOf(Person.NameIn(name)!), world.Time);
        people.Renamed = old => sessions.EndAll(old);
        await AdmitAsync("1", "jane", Role.Viewer);
        var session = sessions.Start("oidc:jane");
        sessions.Find(session.Text)!.Roles.ShouldBe(Role.Viewer);

        await AdmitAsync("1", "jane", Role.Viewer);
        sessions.Find(session.Text).ShouldNotBeNull();
        await AdmitAsync("1", "jane.doe", Role.Viewer);
        await AdmitAsync("2", "jane", Role.Admin);

        sessions.Find(session.Text).ShouldBeNull();

        Task AdmitAsync(string subject, string name, Role roles)
            => people.AdmitAsync(new ProvenIdentity("https://login.example", subject, name, roles), "::1", null, TestContext.Current.CancellationToken);
    }
}
