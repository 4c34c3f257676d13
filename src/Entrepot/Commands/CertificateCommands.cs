using System.CommandLine;
using Entrepot.Cli.Certificates;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Documents;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Server.Api;
using Entrepot.Trust.ClientCertificates;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot certificate create</c>, <c>list</c> and <c>revoke</c>.</summary>
internal static class CertificateCommands
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var name = new Argument<string>("name") { Description = "What people and the journal call it" };
        var grants = new GrantOptions();
        var folder = new Option<string?>("--out") { Description = "Folder for certificate, key and authority [default: the name]", HelpName = "DIR" };
        var command = common.ForNetwork(
            "create", "Make a key, and have a certificate made for it: for clients that show one instead of a token",
            ("entrepot certificate create ci --role publisher --mirror images --out /etc/docker/certs.d/mirror-1:8333", "For pushes by docker, podman and skopeo"),
            ("entrepot certificate create ann --role auditor --ttl 8h", "For whoever asks the audit service today"));
        command.Add(name);
        grants.AddTo(command);
        command.Add(folder);
        command.Add(common.DryRun);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var grant = grants.Read(context);
            if (!NodeName.TryParse(context.Get(name), out var parsed, out var why))
                throw Fault.Of(CliFault.Usage, FaultKind.Invalid, $"'{context.Get(name)}' can't be a certificate's name.", why.Cure).ToException();
            var wanted = parsed.Value;
            var place = Path.GetFullPath(context.Get(folder) ?? wanted);
            CertificateFolder.RequireFree(place);
            using var key = Trust.Authority.Certificates.NewKey();
            var request = new CreateClientCertificateRequest(
                wanted, Convert.ToBase64String(Trust.Authority.Certificates.SigningRequest(key)), grant.Roles, (long)grant.Lifetime.TotalSeconds, grant.Mirrors);
            if (context.Get(common.DryRun))
            {
                context.Write(request, ApiJson.Default.CreateClientCertificateRequest, _ => context.Say($"Would make a certificate in '{place}': {grant.Text}, believed for {Duration.Format(grant.Lifetime)}."));
                return ExitCodes.Done;
            }

            var client = await context.ConnectAsync(cancellation);
            var made = await CertificateFolder.WriteAsync(place, key, () => client.CreateClientCertificateAsync(request, cancellation));
            context.Write(made, ApiJson.Default.ClientCertificateDocument, certificate =>
            {
                context.Say($"Certificate '{certificate.Name}': {grant.Text}, believed until {Units.Time(certificate.ExpiresAt)}.");
                context.Say($"'{place}' holds {CertificateFolder.Certificate}, {CertificateFolder.Key} (keep it secret) and {CertificateFolder.Authority}.");
            });
            return ExitCodes.Done;
        });
    }

    public static Command CreateList(CliEnvironment environment, CommonOptions common)
        => common.ForNetwork("list", "List the clients' certificates that have not ended: who may do what, and until when", ("entrepot certificate list", "Live and revoked ones"))
            .Runs(environment, common, async (context, cancellation) =>
            {
                var client = await context.ConnectAsync(cancellation);
                context.Write(await client.ListClientCertificatesAsync(cancellation), ApiJson.Default.IReadOnlyListClientCertificateDocument, found => Tables.Write(
                    context, ["name", "state", "roles", "mirrors", "expires", "made by"],
                    [.. found.Select(static one => (string[])
                    [
                        one.Name, one.State, string.Join(", ", one.Roles), one.Mirrors.Count == 0 ? "all" : string.Join(", ", one.Mirrors), Units.Time(one.ExpiresAt), one.IssuedBy,
                    ])],
                    "There is none; 'entrepot certificate create' makes one."));
                return ExitCodes.Done;
            });

    public static Command CreateRevoke(CliEnvironment environment, CommonOptions common)
    {
        var name = new Argument<string>("name") { Description = "Its name" };
        var command = common.ForNetwork(
            "revoke", "Revoke a client's certificate: the origin refuses it from now on, other nodes after their next heart-beat",
            ("entrepot certificate revoke ci", "Every certificate of that name"));
        command.Add(name);
        command.Add(common.DryRun);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var client = await context.ConnectAsync(cancellation);
            if (context.Get(common.DryRun))
            {
                var found = (await client.ListClientCertificatesAsync(cancellation)).LastOrDefault(one => one.Name == context.Get(name))
                    ?? throw Fault.Of(ClientCertificateFault.NotFound, FaultKind.NotFound, $"There is no certificate '{context.Get(name)}'.", "See 'entrepot certificate list'.").ToException();
                context.Write(found, ApiJson.Default.ClientCertificateDocument, known => context.Say($"Would revoke the certificate '{known.Name}', which is {known.State}."));
                return ExitCodes.Done;
            }

            var revoked = await client.RevokeClientCertificateAsync(context.Get(name), cancellation);
            context.Write(revoked, ApiJson.Default.ClientCertificateDocument, known => context.Say($"The certificate '{known.Name}' is refused from now on."));
            return ExitCodes.Done;
        });
    }
}
