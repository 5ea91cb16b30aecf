using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace BudgetGuard.Email.Tests.Rig;

/// <summary>A certificate for localhost that nobody has signed, and the trust in it that tests need.</summary>
internal static class TestCertificate
{
    private static readonly RSA _key = RSA.Create(2048);
    private static readonly X509Certificate2 _certificate = Make();

    public static string Certificate => _certificate.ExportCertificatePem();

    public static string Key => _key.ExportPkcs8PrivateKeyPem();

    public static bool Trust(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        errors == SslPolicyErrors.RemoteCertificateChainErrors && certificate?.GetCertHashString() == _certificate.Thumbprint;

    private static X509Certificate2 Make()
    {
        CertificateRequest request = new("CN=localhost", _key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
