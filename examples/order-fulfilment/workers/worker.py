"""The automatic work of the order process, on the public pyzeebe client.

    pip install -r requirements.txt
    python worker.py                      # ZEEBE_ADDRESS names another server than localhost:26500

The contract of a job: return a dict and the job is complete with it as its variables; raise
BusinessError and the process takes the path of that error code; raise anything else and the job
fails, is retried after the back-off that the model's task header asks for, and becomes an incident
when its retries are used up. A job may come twice (a lease can run out while its answer is on the
way), so every answer here depends on the order alone.
"""

import asyncio
import logging
import zlib

from pyzeebe import Job, JobController, ZeebeWorker, create_insecure_channel
from pyzeebe.errors import BusinessError

LEASE_MS = 10_000
SOLD_OUT = {"UNICORN-1"}

logger = logging.getLogger("orders")


class OutOfStock(BusinessError):
    """Carries what is missing, for the letter to the customer."""

    def __init__(self, skus: list[str]) -> None:
        super().__init__("OUT_OF_STOCK", f"out of stock: {', '.join(skus)}")
        self.skus = skus


def reserve_stock(orderId: str, items: list) -> dict:
    missing = [item["sku"] for item in items if item["sku"] in SOLD_OUT]
    if missing:
        raise OutOfStock(missing)
    return {"reservationId": f"RES-{orderId}"}


def check_credit(customer: str, amount: float) -> dict:
    return {"rating": "A" if amount <= 5000 else "B"}


def failures_before_success(order_id: str) -> int:
    """0, 1 or 2 of the three tries: the same for an order in every run and every process."""
    return {0: 1, 1: 2}.get(zlib.crc32(order_id.encode()) % 5, 0)


def charge_card(job: Job, orderId: str, amount: float) -> dict:
    failed_so_far = 3 - job.retries
    if failed_so_far < failures_before_success(orderId):
        raise ConnectionError(f"the card network did not answer for {orderId}")
    return {"paymentId": f"PAY-{orderId}"}


def notify_customer(orderId: str, customer: str, missing: list | None = None) -> dict:
    logger.info("dear %s, order %s is cancelled: we are out of %s", customer, orderId, missing)
    return {"notified": True}


async def report(error: Exception, job: Job, controller: JobController) -> None:
    """What pyzeebe calls when a task raised."""
    if isinstance(error, OutOfStock):
        await controller.set_error_status(str(error), error.error_code, {"missing": error.skus})
    elif isinstance(error, BusinessError):
        await controller.set_error_status(str(error), error.error_code)
    else:
        first_ms = int(job.custom_headers.get("retryBackoffMs", 0))
        backoff_ms = first_ms * 2 ** max(0, 3 - job.retries)
        await controller.set_failure_status(str(error), retry_back_off_ms=backoff_ms)


TASKS = {
    "reserve-stock": reserve_stock,
    "check-credit": check_credit,
    "charge-card": charge_card,
    "notify-customer": notify_customer,
}


async def main() -> None:
    # -1: keep trying while the server is away; a worker outlives a restart of the server.
    worker = ZeebeWorker(
        create_insecure_channel(),
        name="orders-python",
        max_connection_retries=-1,
        poll_retry_delay=1,
        exception_handler=report,
    )
    for task_type, function in TASKS.items():
        worker.task(task_type, timeout_ms=LEASE_MS)(function)
    await worker.work()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
